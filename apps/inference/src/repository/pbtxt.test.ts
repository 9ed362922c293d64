/** config.pbtxt: forms of the text format that Triton's documentation uses, and files that nobody should trust. */
import { SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { readPbtxt, writePbtxt } from './pbtxt.ts';

const read = (text: string) => readPbtxt(text, 'config.pbtxt');

describe('readPbtxt', () => {
  it('reads every key that the server acts on', () => {
    const text = `
      name: "digits"  # a comment
      backend: 'onnxruntime'
      platform: "onnxruntime_" "onnx"
      max_batch_size: 0x10
      version_policy: { specific: { versions: [1, 3] } }
      input [ { name: "images" data_type: TYPE_FP32 dims: [ -1, 28 ] dims: 28 } ]
      output { name: "probabilities", data_type: TYPE_FP32; dims: [ 10 ], label_filename: "labels.txt" }
      instance_group [ { count: 2 kind: KIND_CPU }, < count: 1 kind: KIND_GPU gpus: [ 0, 1 ] > ]
      dynamic_batching {
        preferred_batch_size: [ 4, 8 ]
        max_queue_delay_microseconds: 100
        preserve_ordering: true
        priority_levels: 2
        default_priority_level: 1
        default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 5000 allow_timeout_override: true max_queue_size: 9 }
        priority_queue_policy { key: 2 value { timeout_action: REJECT max_queue_size: 3 } }
      }
      model_warmup [ { name: "zeros" batch_size: 4 count: 2 inputs { key: "images" value { data_type: TYPE_FP32 dims: [28, 28] zero_data: true } } } ]
      parameters { key: "alias.stable" value: { string_value: "1" } }
      response_cache { enable: false }
      default_model_filename: "net.onnx"
      model_metrics { metric_control { metric_identifier { family: "nv_x" } histogram_options { buckets: [ 0.1, 1 ] } } }
    `;
    expect(read(text)).toEqual({
      name: 'digits',
      backend: 'onnxruntime',
      platform: 'onnxruntime_onnx',
      max_batch_size: 16,
      version_policy: { specific: { versions: [1, 3] } },
      input: [{ name: 'images', data_type: 'TYPE_FP32', dims: [-1, 28, 28] }],
      output: [{ name: 'probabilities', data_type: 'TYPE_FP32', dims: [10], label_filename: 'labels.txt' }],
      instance_group: [
        { count: 2, kind: 'KIND_CPU' },
        { count: 1, kind: 'KIND_GPU', gpus: [0, 1] },
      ],
      dynamic_batching: {
        preferred_batch_size: [4, 8],
        max_queue_delay_microseconds: 100,
        preserve_ordering: true,
        priority_levels: 2,
        default_priority_level: 1,
        default_queue_policy: {
          timeout_action: 'DELAY',
          default_timeout_microseconds: 5000,
          allow_timeout_override: true,
          max_queue_size: 9,
        },
        priority_queue_policy: { 2: { timeout_action: 'REJECT', max_queue_size: 3 } },
      },
      model_warmup: [
        { name: 'zeros', batch_size: 4, count: 2, inputs: { images: { data_type: 'TYPE_FP32', dims: [28, 28], zero_data: true } } },
      ],
      parameters: { 'alias.stable': { string_value: '1' } },
      response_cache: { enable: false },
      default_model_filename: 'net.onnx',
      model_metrics: { metric_control: [{ metric_identifier: { family: 'nv_x' }, histogram_options: { buckets: [0.1, 1] } }] },
    });
  });

  it.each(['version_policy: { all { } }', 'version_policy { all: {} }'])('reads %s', (text) => {
    expect(read(text)).toEqual({ version_policy: { all: {} } });
  });

  it('fills nothing in', () => expect(read('')).toEqual({}));

  it('knows the keys that only Triton acts on', () => {
    expect(read('optimization { graph { level: 1 } } ensemble_scheduling { step { model_name: "a" model_version: -1 } }')).toEqual({
      optimization: { graph: { level: 1 } },
      ensemble_scheduling: { step: [{ model_name: 'a', model_version: -1 }] },
    });
  });

  it.each<[string, string]>([
    ['an unknown key', 'max_bach_size: 8'],
    ['a key of Object', 'constructor: 1'],
    ['__proto__ as a key', '__proto__ { name: "x" }'],
    ['a key given twice', 'name: "a" name: "b"'],
    ['two of a choice', 'dynamic_batching {} sequence_batching {}'],
    ['an unknown enumeration value', 'input { data_type: TYPE_FP33 }'],
    ['a number out of range', 'max_batch_size: 99999999999'],
    ['a fraction for a whole number', 'max_batch_size: 1.5'],
    ['text for a number', 'max_batch_size: "8"'],
    ['a number for text', 'name: 8'],
    ['a negative count', 'dynamic_batching { max_queue_delay_microseconds: -1 }'],
    ['a string without an end', 'name: "a'],
    ['a message without an end', 'input { name: "a"'],
    ['a list without an end', 'input [ { name: "a" }'],
    ['a bracket too many', 'input { } }'],
    ['another kind of bracket', 'input { >'],
    ['JSON', '{"name": "a"}'],
    ['binary data', '\u0000\u0001\u0002'],
    ['a number of 100,000 digits', `max_batch_size: ${'9'.repeat(100_000)}`],
    ['100,000 lists within each other', 'input: ['.repeat(100_000)],
    ['100,000 messages within each other', 'input {'.repeat(100_000)],
    ['more than 1 MiB', `name: "${'x'.repeat(2 ** 20)}"`],
  ])('refuses %s with one sentence that names the file', (_case, text) => {
    let error: unknown;
    try {
      read(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SparseError);
    expect(error).toMatchObject({ code: 'BAD_FILE', at: 'config.pbtxt' });
    expect((error as Error).message.length).toBeLessThan(400);
  });

  it('takes __proto__ in a map as the name that it is', () => {
    const { parameters } = read('parameters { key: "__proto__" value { string_value: "x" } }');
    expect(Object.keys(parameters ?? {})).toEqual(['__proto__']);
    expect(({} as { string_value?: string }).string_value).toBeUndefined();
  });
});

describe('writePbtxt', () => {
  it('writes what readPbtxt reads', () => {
    const config = {
      name: 'a "quoted" name',
      max_batch_size: 8,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, 3] }],
      dynamic_batching: { preferred_batch_size: [4], priority_queue_policy: { 2: { timeout_action: 'DELAY' as const } } },
      parameters: { threads: { string_value: '1' } },
    };
    expect(read(writePbtxt(config))).toEqual(config);
  });
});
