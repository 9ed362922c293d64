// Triton's config.pbtxt, by the schema of protos/model_config.proto. The file may come from anywhere: unknown keys, keys given twice and
// numbers out of range are refused by protobufjs' reader of the text format, size is bounded here.

import { SparseError } from '@freetickets/sparse-core';
import textformat from 'protobufjs/ext/textformat.js';
import { messageType } from '../grpc/schema.ts';
import type { ModelConfig } from './model-config.ts';

const maxCharacters = 2 ** 20;
const type = messageType('inference.ModelConfig');

/**
 * A model's configuration as its text says it; keys that are not there stay away.
 *
 * @param text  at most 1 MiB of protobuf text format
 * @param at    the file's name, for messages
 * @throws SparseError BAD_FILE with the reader's words and, where it knows it, the line
 * @example readPbtxt('max_batch_size: 8', 'config.pbtxt') // { max_batch_size: 8 }
 */
export function readPbtxt(text: string, at: string): ModelConfig {
  if (text.length > maxCharacters) throw new SparseError('BAD_FILE', at, `at most ${maxCharacters} characters`, text.length);
  try {
    return type.toObject(textformat.fromText(type, text), { enums: String, longs: Number }) as ModelConfig;
  } catch (cause) {
    const reason = new Error((cause as Error).message.replaceAll('.inference.', ''));
    throw new SparseError('BAD_FILE', at, "a model's configuration in protobuf's text format", reason, '', { cause });
  }
}

/** The text of a configuration, as `readPbtxt` and Triton read it. */
export const writePbtxt = (config: ModelConfig): string => `${textformat.toText(type, type.fromObject(config))}\n`;
