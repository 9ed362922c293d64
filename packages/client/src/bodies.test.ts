/** Bodies byte by byte, against the protocol's text; connect.ts is tested with a real server in test/serving. */
import { describe, expect, it } from 'vitest';
import { encodeRequest } from './infer-request.ts';
import { decodeResponse } from './infer-response.ts';
import { type Datatype, fromBytes, type Tensor, toBytes } from './tensor.ts';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (value: string) => new TextEncoder().encode(value);

describe('a binary request', () => {
  const inputs = { a: { shape: [1, 2], data: Float32Array.of(1, -2) }, w: { shape: [2], data: ['é', ''] } };
  const { bytes, headers } = encodeRequest({ id: 'x', inputs, outputs: ['y'], parameters: { uncertainty: true } });
  const length = Number(headers['inference-header-content-length']);
  it('begins with its JSON, whose length stands in a header', () => {
    expect(JSON.parse(text(bytes.subarray(0, length)))).toEqual({
      id: 'x',
      parameters: { uncertainty: true },
      inputs: [
        { name: 'a', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
        { name: 'w', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
      ],
      outputs: [{ name: 'y', parameters: { binary_data: true } }],
    });
  });
  it('goes on with the tensors, little-endian, texts behind their lengths', () => {
    const one = [0, 0, 0x80, 0x3f];
    const minusTwo = [0, 0, 0, 0xc0];
    expect([...bytes.subarray(length)]).toEqual([...one, ...minusTwo, 2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0]);
  });
  it('asks for binary outputs as a whole when it names none', () => {
    const whole = encodeRequest({ inputs });
    const head = JSON.parse(text(whole.bytes.subarray(0, Number(whole.headers['inference-header-content-length']))));
    expect(head.parameters).toEqual({ binary_data_output: true });
    expect(head.outputs).toBeUndefined();
  });
});

describe('a JSON request', () => {
  it('has its data in the JSON', () => {
    const inputs = {
      flags: { datatype: 'BOOL' as const, shape: [2], data: Uint8Array.of(1, 0) },
      n: { shape: [1], data: BigInt64Array.of(7n) },
    };
    const { bytes, headers } = encodeRequest({ inputs, binary: false });
    expect(headers).toEqual({ 'content-type': 'application/json' });
    expect(JSON.parse(text(bytes)).inputs).toEqual([
      { name: 'flags', shape: [2], datatype: 'BOOL', data: [true, false] },
      { name: 'n', shape: [1], datatype: 'INT64', data: [7] },
    ]);
  });
  it.each<[string, object, string]>([
    ['a number that JSON has not', { shape: [1], data: Float32Array.of(Number.NaN) }, 'numbers that JSON can carry'],
    ['too large an integer', { shape: [1], data: BigInt64Array.of(2n ** 60n) }, 'numbers that JSON can carry'],
    ['half precision', { datatype: 'FP16', shape: [1], data: Uint16Array.of(1) }, 'a binary request'],
  ])('refuses %s', (_, input, message) => {
    expect(() => encodeRequest({ inputs: { x: input as never }, binary: false })).toThrow(message);
  });
});

describe('tensors', () => {
  it.each<[Datatype, Tensor['data']]>([
    ['BOOL', Uint8Array.of(1, 0)],
    ['UINT16', Uint16Array.of(1, 65535)],
    ['INT8', Int8Array.of(-1)],
    ['UINT64', BigUint64Array.of(2n ** 64n - 1n)],
    ['INT64', BigInt64Array.of(-(2n ** 63n))],
    ['FP16', Uint16Array.of(0x3c00)],
    ['FP64', Float64Array.of(Math.PI)],
    ['BYTES', ['', 'a', 'ü€😀']],
  ])('%s goes to bytes and back, from an odd address too', (datatype, data) => {
    const bytes = toBytes({ datatype, shape: [data.length], data });
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(fromBytes('x', datatype, shifted.subarray(1))).toEqual(data);
  });
  it.each<[string, object, string]>([
    ['too few elements', { shape: [2, 2], data: Float32Array.of(1) }, 'expected 4 elements for shape [2, 2], received 1'],
    ['an array of another type', { datatype: 'FP64', shape: [1], data: Float32Array.of(1) }, 'expected data for FP64'],
    ['no tensor', { shape: [1], data: new Map() }, 'expected a typed array or texts'],
  ])('with %s are refused before they are sent', (_, input, message) => {
    expect(() => encodeRequest({ inputs: { x: input as never } })).toThrow(message);
  });
});

describe('an answer', () => {
  const head = (outputs: object[]) => JSON.stringify({ model_name: 'm', model_version: '3', id: 'q', outputs });
  it('may mix JSON and bytes', () => {
    const json = head([
      { name: 'a', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
      { name: 'b', datatype: 'INT32', shape: [1, 2], data: [4, 5] },
      { name: 'c', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } },
    ]);
    const body = Uint8Array.of(...bytesOf(json), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 0, 0, 0, 65);
    expect(decodeResponse(body, bytesOf(json).length)).toEqual({
      model: 'm',
      version: '3',
      id: 'q',
      outputs: {
        a: { datatype: 'FP32', shape: [2], data: Float32Array.of(1, -2) },
        b: { datatype: 'INT32', shape: [1, 2], data: Int32Array.of(4, 5) },
        c: { datatype: 'BYTES', shape: [1], data: ['A'] },
      },
    });
  });
  it.each<[string, string]>([
    ['that is no JSON', '<html>'],
    ['that is no answer', '{"a": 1}'],
    ['with a datatype nobody knows', head([{ name: 'a', datatype: 'FP8', shape: [1], data: [1] }])],
    ['with too few elements', head([{ name: 'a', datatype: 'FP32', shape: [2], data: [1] }])],
  ])('%s is refused', (_, body) => {
    expect(() => decodeResponse(bytesOf(body), undefined)).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
  });
  it('cut off within its bytes is refused', () => {
    const json = head([{ name: 'c', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } }]);
    const body = Uint8Array.of(...bytesOf(json), 9, 0, 0, 0, 65);
    expect(() => decodeResponse(body, bytesOf(json).length)).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
  });
});
