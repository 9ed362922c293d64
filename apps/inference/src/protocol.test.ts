import { SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { inferResponse, modelMetadata, readInferRequest } from './protocol.ts';
import type { Datatype, Signature } from './tensor.ts';

const signature: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [
    { name: 'p', datatype: 'FP32', shape: [-1, 3] },
    { name: 'q', datatype: 'FP32', shape: [-1] },
  ],
};
const x = { name: 'x', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] };
const read = (body: unknown) => readInferRequest(body, 'tiny', signature);

function fault(action: () => unknown): SparseError {
  try {
    action();
  } catch (error) {
    if (error instanceof SparseError) return error;
    throw error;
  }
  throw new Error('expected a SparseError, nothing was thrown');
}

/** A model with one input of the given type, read with one row of data. */
function readOne(datatype: Datatype, data: unknown, shape: number[] = [Array.isArray(data) ? data.length : 1]) {
  const one: Signature = { inputs: [{ name: 'i', datatype, shape: shape.map(() => -1) }], outputs: [] };
  return readInferRequest({ inputs: [{ name: 'i', datatype, shape, data }] }, 'one', one).feeds.i!;
}

describe('readInferRequest', () => {
  it('reads flat data into a typed array', () => {
    const { feeds, outputs, id } = read({ inputs: [x] });
    expect(feeds.x).toEqual({ datatype: 'FP32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(outputs).toEqual(['p', 'q']);
    expect(id).toBeUndefined();
  });

  it('reads nested data in row-major order', () => {
    const nested = {
      ...x,
      shape: [3, 2],
      data: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    };
    expect(read({ inputs: [nested] }).feeds.x!.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(
      readOne(
        'INT32',
        [
          [[1], [2]],
          [[3], [4]],
        ],
        [2, 2, 1],
      ).data,
    ).toEqual(Int32Array.of(1, 2, 3, 4));
  });

  it('accepts a batch of none', () => {
    expect(read({ inputs: [{ ...x, shape: [0, 2], data: [] }] }).feeds.x!.data).toEqual(new Float32Array(0));
  });

  it('keeps the id and the order of the outputs asked for', () => {
    const request = read({ id: 'a-1', inputs: [x], outputs: [{ name: 'q' }, { name: 'p', parameters: { binary_data: false } }] });
    expect(request.id).toBe('a-1');
    expect(request.outputs).toEqual(['q', 'p']);
  });

  it.each<[Datatype, unknown[], ArrayLike<unknown>]>([
    ['BOOL', [true, false], Uint8Array.of(1, 0)],
    ['UINT8', [0, 255], Uint8Array.of(0, 255)],
    ['UINT16', [65535], Uint16Array.of(65535)],
    ['UINT32', [4294967295], Uint32Array.of(4294967295)],
    ['UINT64', [9007199254740991], BigUint64Array.of(9007199254740991n)],
    ['INT8', [-128, 127], Int8Array.of(-128, 127)],
    ['INT16', [-32768], Int16Array.of(-32768)],
    ['INT32', [-2147483648], Int32Array.of(-2147483648)],
    ['INT64', [-9007199254740991], BigInt64Array.of(-9007199254740991n)],
    ['FP32', [0.1, -3e38], Float32Array.of(0.1, -3e38)],
    ['FP64', [0.1, 1e300], Float64Array.of(0.1, 1e300)],
    ['BYTES', ['', 'é'], ['', 'é']],
  ])('reads %s', (datatype, data, expected) => {
    expect(readOne(datatype, data).data).toEqual(expected);
  });

  it.each<[Datatype, unknown]>([
    ['BOOL', 1],
    ['UINT8', 256],
    ['UINT8', -1],
    ['INT8', 128],
    ['INT32', 1.5],
    ['INT32', '1'],
    ['UINT64', -1],
    ['INT64', 9007199254740992],
    ['INT64', 0.5],
    ['FP32', 1e39],
    ['FP32', null],
    ['FP32', [1]],
    ['FP64', '1'],
    ['BYTES', 7],
  ])('refuses in %s the element %j, with its place', (datatype, element) => {
    const good = datatype === 'BYTES' ? 'a' : datatype === 'BOOL' ? true : 0;
    const error = fault(() => readOne(datatype, [good, element]));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', at: '/inputs/0/data/1' });
  });

  it('points into nested data', () => {
    expect(
      fault(() =>
        read({
          inputs: [
            {
              ...x,
              data: [
                [1, 2],
                [3, 'four'],
              ],
            },
          ],
        }),
      ).at,
    ).toBe('/inputs/0/data/1/1');
    expect(fault(() => read({ inputs: [{ ...x, data: [[1, 2], [3]] }] }))).toMatchObject({
      code: 'SHAPE_MISMATCH',
      at: '/inputs/0/data/1',
    });
  });

  it.each<[string, unknown, string]>([
    ['a body that is no object', [], 'request body'],
    ['no inputs', {}, '/inputs'],
    ['too few inputs', { inputs: [] }, '/inputs'],
    ['too many inputs', { inputs: Array.from({ length: 65 }, () => x) }, '/inputs'],
    ['an input that is no object', { inputs: [7] }, '/inputs/0'],
    ['an unknown input', { inputs: [{ ...x, name: 'zz' }] }, '/inputs/0/name'],
    ['an input twice', { inputs: [x, x] }, '/inputs/1/name'],
    ['another datatype', { inputs: [{ ...x, datatype: 'INT32' }] }, '/inputs/0/datatype'],
    ['no shape', { inputs: [{ name: 'x', datatype: 'FP32', data: [1] }] }, '/inputs/0/shape'],
    ['a negative size', { inputs: [{ ...x, shape: [-1, 2] }] }, '/inputs/0/shape'],
    ['a fractional size', { inputs: [{ ...x, shape: [0.5, 2] }] }, '/inputs/0/shape'],
    ['another rank', { inputs: [{ ...x, shape: [4] }] }, '/inputs/0/shape'],
    ['a wrong fixed size', { inputs: [{ ...x, shape: [1, 4] }] }, '/inputs/0/shape'],
    ['more elements than the limit', { inputs: [{ ...x, shape: [2 ** 28, 2] }] }, '/inputs/0/shape'],
    ['sizes whose product overflows', { inputs: [{ ...x, shape: [2 ** 53 - 1, 2] }] }, '/inputs/0/shape'],
    ['a shape that claims more than the data', { inputs: [{ ...x, shape: [2 ** 20, 2] }] }, '/inputs/0/data'],
    ['data that is too short', { inputs: [{ ...x, data: [1, 2, 3] }] }, '/inputs/0/data'],
    ['no data', { inputs: [{ ...x, data: undefined }] }, '/inputs/0/data'],
    ['binary data', { inputs: [{ ...x, data: undefined, parameters: { binary_data_size: 16 } }] }, '/inputs/0/parameters/binary_data_size'],
    ['an unknown output', { inputs: [x], outputs: [{ name: 'zz' }] }, '/outputs/0/name'],
    ['an output twice', { inputs: [x], outputs: [{ name: 'p' }, { name: 'p' }] }, '/outputs/1/name'],
    [
      'classification',
      { inputs: [x], outputs: [{ name: 'p', parameters: { classification: 2 } }] },
      '/outputs/0/parameters/classification',
    ],
    ['a sequence', { inputs: [x], parameters: { sequence_id: 3 } }, '/parameters/sequence_id'],
    ['a parameter that is no scalar', { inputs: [x], parameters: { a: {} } }, '/parameters/a'],
    ['an id that is no string', { id: 7, inputs: [x] }, '/id'],
    ['a long id', { id: 'a'.repeat(257), inputs: [x] }, '/id'],
    ['a trap in the body', JSON.parse('{"__proto__": {"inputs": []}}'), 'request body'],
    ['a trap in the parameters', { inputs: [x], parameters: JSON.parse('{"constructor": 1}') }, '/parameters'],
  ])('refuses %s and says where', (_what, body, at) => {
    const error = fault(() => read(body));
    expect(error.at).toBe(at);
    expect(['INVALID_ARGUMENT', 'SHAPE_MISMATCH']).toContain(error.code);
  });

  it('names what the model takes', () => {
    expect(fault(() => read({ inputs: [{ ...x, name: 'zz' }] })).message).toBe(
      "/inputs/0/name: expected an input of model 'tiny' ('x'), received \"zz\"",
    );
    expect(fault(() => read({ inputs: [{ ...x, shape: [1, 4] }] })).message).toBe(
      "/inputs/0/shape: expected [-1, 2] for input 'x' (-1: any size), received [1,4]",
    );
  });

  it('refuses FP16, which JSON cannot carry, in and out', () => {
    expect(fault(() => readOne('FP16', [1])).at).toBe('/inputs/0/datatype');
    const half: Signature = { inputs: signature.inputs, outputs: [{ name: 'h', datatype: 'FP16', shape: [1] }] };
    expect(fault(() => readInferRequest({ inputs: [x] }, 'half', half)).at).toBe('/outputs');
  });
});

describe('inferResponse', () => {
  const request = { id: 'a"b', feeds: {}, outputs: ['q', 'i'] };
  const answer = (q: Float32Array) =>
    inferResponse('tiny', request, {
      q: { datatype: 'FP32', shape: [q.length], data: q },
      i: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(-9223372036854775808n, 5n) },
    });

  it('writes flat data, every digit of 64-bit integers, and only the outputs asked for', () => {
    const text = answer(Float32Array.of(0.5, -0, 1e-7, 3e38));
    expect(text).toContain('"data":[-9223372036854775808,5]');
    expect(JSON.parse(text)).toEqual({
      model_name: 'tiny',
      model_version: '1',
      id: 'a"b',
      outputs: [
        { name: 'q', datatype: 'FP32', shape: [4], data: [0.5, 0, Math.fround(1e-7), Math.fround(3e38)] },
        { name: 'i', datatype: 'INT64', shape: [2], data: [-(2 ** 63), 5] },
      ],
    });
  });

  it('leaves out the id when there was none', () => {
    expect(inferResponse('tiny', { feeds: {}, outputs: [] }, {})).toBe('{"model_name":"tiny","model_version":"1","outputs":[]}');
  });

  it('writes flags and text', () => {
    const text = inferResponse(
      'tiny',
      { feeds: {}, outputs: ['b', 's'] },
      {
        b: { datatype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
        s: { datatype: 'BYTES', shape: [2], data: ['é', '"'] },
      },
    );
    expect(JSON.parse(text).outputs.map(({ data }: { data: unknown }) => data)).toEqual([
      [true, false],
      ['é', '"'],
    ]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('refuses to write %d, and names the output', (value) => {
    const error = fault(() => answer(Float32Array.of(1, value)));
    expect(error.code).toBe('NON_FINITE');
    expect(error.message).toContain("output 'q', element 1");
  });
});

describe('modelMetadata', () => {
  it('gives names, datatypes and shapes', () => {
    expect(modelMetadata('tiny', signature)).toEqual({ name: 'tiny', versions: ['1'], platform: 'onnxruntime_onnx', ...signature });
  });
});
