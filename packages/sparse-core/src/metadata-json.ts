/** Fields of the metadata of our own safetensors files: texts of JSON. Files come from strangers; what is wrong names the file and the field. */
import { SparseError } from './errors.ts';
import { type Network, network } from './network.ts';
import { parseJson } from './parse-json.ts';

type Metadata = Readonly<Record<string, string>>;

/**
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE for a field that is missing or no JSON
 */
export function metadataJson(metadata: Metadata, field: string, at: string): unknown {
  try {
    return parseJson(metadata[field] ?? '');
  } catch (cause) {
    throw new SparseError('BAD_FILE', `${at}: metadata.${field}`, 'JSON', metadata[field], '', { cause });
  }
}

/** The network of the field `spec`. @throws SparseError BAD_FILE */
export function metadataNetwork(metadata: Metadata, at: string): Network {
  const spec = metadataJson(metadata, 'spec', at);
  try {
    return network(spec);
  } catch (cause) {
    throw new SparseError('BAD_FILE', `${at}: metadata.spec`, 'a network spec', cause, '', { cause });
  }
}
