/** ModelInfer: what crosses both ways, requests that are none, and failures as statuses. */
import { SparseError } from '@freetickets/sparse-core';
import { Client, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  call,
  contents,
  echo,
  type Fields,
  failsWith,
  floats,
  infer,
  input,
  start,
  startBeforeEach,
  wireType,
} from '../../testing/grpc-echo.ts';
import { type Reason, ServiceError } from '../service-error.ts';

startBeforeEach();

describe('ModelInfer', () => {
  it('gives the service what was sent, and the client raw bytes', async () => {
    const answered = await infer({
      model_version: '3',
      id: 'first',
      parameters: {
        priority: { uint64_param: 1 },
        timeout: { int64_param: -5 },
        flag: { bool_param: false },
        text: { string_param: '' },
        share: { double_param: 0.5 },
      },
      outputs: [{ name: 'y' }, { name: 'z', parameters: { classification: { int64_param: 2 }, binary_data: { bool_param: true } } }],
    });
    const parameters = { priority: 1, timeout: -5, flag: false, text: '', share: 0.5 };
    expect(echo.asked).toEqual([
      {
        model: 'm',
        version: '3',
        id: 'first',
        parameters,
        inputs: [{ name: 'x', datatype: 'FP32', shape: [2], bytes: Buffer.from(floats(1, 2)) }],
        outputs: [{ name: 'y' }, { name: 'z', classification: 2 }],
      },
    ]);
    expect(answered).toMatchObject({ model_name: 'm', model_version: '7', id: 'first', raw_output_contents: [Buffer.from(floats(1, 2))] });
    expect(answered.outputs).toMatchObject([{ name: 'x', datatype: 'FP32', shape: [2] }]);
    expect(answered.parameters).toMatchObject({ timeout: { int64_param: -5 }, share: { double_param: 0.5 }, flag: { bool_param: false } });
  });

  it('leaves out what was not sent', async () => {
    await infer();
    expect(Object.keys(echo.asked[0]!).sort()).toEqual(['inputs', 'model', 'outputs', 'parameters']);
  });

  it('carries 32 MiB both ways', async () => {
    const large = new Uint8Array(2 ** 25).fill(7);
    const { raw_output_contents } = await infer({ inputs: [input({ shape: [2 ** 23] })], raw_input_contents: [large] });
    expect(Buffer.compare((raw_output_contents as Uint8Array[])[0]!, large)).toBe(0);
  });

  it.each<[string, string, Fields, ArrayBufferView | number[]]>([
    ['BOOL', 'bool_contents', { bool_contents: [true, false] }, Uint8Array.of(1, 0)],
    ['INT8', 'int_contents', { int_contents: [-128, 127] }, Int8Array.of(-128, 127)],
    ['INT16', 'int_contents', { int_contents: [-32768, 32767] }, Int16Array.of(-32768, 32767)],
    ['INT32', 'int_contents', { int_contents: [-(2 ** 31), 2 ** 31 - 1] }, Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
    [
      'INT64',
      'int64_contents',
      { int64_contents: ['-9223372036854775808', '9007199254740993'] },
      BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n),
    ],
    ['UINT8', 'uint_contents', { uint_contents: [0, 255] }, Uint8Array.of(0, 255)],
    ['UINT16', 'uint_contents', { uint_contents: [0, 65535] }, Uint16Array.of(0, 65535)],
    ['UINT32', 'uint_contents', { uint_contents: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1)],
    ['UINT64', 'uint64_contents', { uint64_contents: ['0', '18446744073709551615'] }, BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ['FP32', 'fp32_contents', { fp32_contents: [0.1, -2] }, Float32Array.of(0.1, -2)],
    ['FP64', 'fp64_contents', { fp64_contents: [0.1, -2] }, Float64Array.of(0.1, -2)],
    ['BYTES', 'bytes_contents', { bytes_contents: [Buffer.from('ab'), Buffer.alloc(0)] }, Uint8Array.of(2, 0, 0, 0, 97, 98, 0, 0, 0, 0)],
  ])('reads %s from %s', async (datatype, _field, fields, expected) => {
    const view = expected as Uint8Array;
    await infer({ inputs: [input({ datatype, contents: contents(fields) })], raw_input_contents: [] });
    expect(Buffer.from(echo.asked[0]!.inputs[0]!.bytes)).toEqual(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  });

  it('reads contents that are not packed', async () => {
    const two = Buffer.concat([Buffer.from([0x35]), floats(1), Buffer.from([0x35]), floats(2)]); // field 6, wire type 5, twice
    await infer({ inputs: [input({ contents: two })], raw_input_contents: [] });
    expect(Buffer.from(echo.asked[0]!.inputs[0]!.bytes)).toEqual(Buffer.from(floats(1, 2)));
  });

  const typed = (datatype: string, fields: Fields) => ({
    inputs: [input({ datatype, contents: contents(fields) })],
    raw_input_contents: [],
  });
  it.each<[string, Fields]>([
    ['fewer bytes than the shape says', { raw_input_contents: [floats(1)] }],
    ['more bytes than the shape says', { raw_input_contents: [floats(1, 2, 3)] }],
    ['fewer raw tensors than inputs', { inputs: [input(), input({ name: 'y' })] }],
    ['raw tensors and no inputs', { inputs: [] }],
    ['raw and typed contents', { inputs: [input({ contents: contents({ fp32_contents: [1, 2] }) })] }],
    ['an unknown datatype', { inputs: [input({ datatype: 'FP31' })] }],
    ['a datatype that every object has', { inputs: [input({ datatype: 'constructor' })] }],
    ['a negative dimension', { inputs: [input({ shape: [-1, 2] })] }],
    ['a dimension beyond 2^53', { inputs: [input({ shape: ['9223372036854775807'] })] }],
    ['a shape whose product overflows', { inputs: [input({ shape: [2 ** 31, 2 ** 31, 2 ** 31] })] }],
    ['nine dimensions', { inputs: [input({ shape: [1, 1, 1, 1, 1, 1, 1, 1, 2] })] }],
    ['65 inputs', { inputs: Array(65).fill(input()), raw_input_contents: Array(65).fill(floats(1, 2)) }],
    ['65 outputs', { outputs: Array(65).fill({ name: 'y' }) }],
    ['an id of 257 characters', { id: 'x'.repeat(257) }],
    ['65 parameters', { parameters: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`p${i}`, { bool_param: true }])) }],
    ['a parameter without a value', { parameters: { priority: {} } }],
    ['a parameter beyond 2^53', { parameters: { priority: { uint64_param: '18446744073709551615' } } }],
    ['a classification that is no number', { outputs: [{ name: 'y', parameters: { classification: { string_param: 'x' } } }] }],
    ['a classification of no classes', { outputs: [{ name: 'y', parameters: { classification: { int64_param: 0 } } }] }],
    ['too few typed elements', typed('FP32', { fp32_contents: [1] })],
    ['too many typed elements', typed('FP32', { fp32_contents: [1, 2, 3] })],
    ['too many typed strings', typed('BYTES', { bytes_contents: [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')] })],
    ['contents of another datatype', typed('FP32', { fp64_contents: [1, 2] })],
    ['contents of two datatypes', typed('FP32', { fp32_contents: [1, 2], int_contents: [1] })],
    ['typed contents of half precision', typed('FP16', { fp32_contents: [1, 2] })],
    ['a number that INT8 does not hold', typed('INT8', { int_contents: [1, 128] })],
    ['a number that UINT16 does not hold', typed('UINT16', { uint_contents: [1, 65536] })],
    ['broken contents', { inputs: [input({ contents: Buffer.from([0x32, 0x7f, 1]) })], raw_input_contents: [] }],
    [
      'a BYTES element that runs over the end',
      { inputs: [input({ datatype: 'BYTES' })], raw_input_contents: [Buffer.from([9, 0, 0, 0, 1])] },
    ],
    ['a name of 2 MiB', { inputs: [input({ name: 'x'.repeat(2 ** 21) })] }],
  ])('refuses %s', async (_case, fields) => {
    await failsWith(status.INVALID_ARGUMENT, infer(fields));
    expect(echo.asked).toEqual([]);
    expect(echo.failures).toEqual([]);
  });

  it('refuses shared memory', () =>
    failsWith(
      status.UNIMPLEMENTED,
      infer({ inputs: [input({ parameters: { shared_memory_region: { string_param: 'r' } } })], raw_input_contents: [] }),
    ));

  it('takes parameter names of every object as names', async () => {
    const parameters = JSON.parse('{"__proto__": {"int64_param": 1}, "constructor": {"int64_param": 2}}');
    const message = wireType.encode(wireType.create({ model_name: 'm', parameters })).finish();
    await call('ModelInfer', Buffer.from(message));
    expect(Object.entries(echo.asked[0]!.parameters)).toEqual(Object.entries(JSON.parse('{"__proto__": 1, "constructor": 2}')));
  });

  it.each<[Reason, status, status]>([
    ['invalid', status.INVALID_ARGUMENT, status.INVALID_ARGUMENT],
    ['not-found', status.NOT_FOUND, status.NOT_FOUND],
    ['queue-full', status.RESOURCE_EXHAUSTED, status.UNAVAILABLE],
    ['rate-limited', status.RESOURCE_EXHAUSTED, status.RESOURCE_EXHAUSTED],
    ['timeout', status.DEADLINE_EXCEEDED, status.UNAVAILABLE],
    ['unavailable', status.UNAVAILABLE, status.UNAVAILABLE],
    ['forbidden', status.PERMISSION_DENIED, status.PERMISSION_DENIED],
    ['failed', status.INTERNAL, status.INTERNAL],
  ])('answers %s', async (reason, ours, tritons) => {
    echo.answer = async () => {
      throw new ServiceError(reason, 'because', { retryAfter: 3 });
    };
    const error = await failsWith(ours, infer(), /^because$/);
    expect(error.metadata.get('retry-after')).toEqual(['3']);
    await echo.server.close(0);
    echo.client.close();
    await start({ tritonStatus: true });
    await failsWith(tritons, infer());
  });

  it('keeps the details of a fault to itself', async () => {
    echo.answer = async () => {
      throw new TypeError('secret');
    };
    await failsWith(status.INTERNAL, infer(), /^internal error$/);
    expect(echo.failures).toEqual([new TypeError('secret')]);
  });

  it('says what a value should have been', async () => {
    echo.answer = async () => {
      throw new SparseError('SHAPE_MISMATCH', 'x', '[3]', [2]);
    };
    await failsWith(status.INVALID_ARGUMENT, infer(), /^x: expected \[3\], received \[2\]$/);
  });

  it('refuses a message over the limit, also one that is small before it is decompressed', async () => {
    await echo.server.close(0);
    echo.client.close();
    await start({ maxMessageBytes: 100_000 });
    const large = { inputs: [input({ shape: [250_000] })], raw_input_contents: [new Uint8Array(1_000_000)] };
    await failsWith(status.RESOURCE_EXHAUSTED, infer(large));
    const compressing = new Client(`127.0.0.1:${echo.server.port}`, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    });
    const plainClient = echo.client;
    echo.client = compressing;
    await failsWith(status.RESOURCE_EXHAUSTED, infer(large));
    await infer({ inputs: [input({ shape: [1000] })], raw_input_contents: [new Uint8Array(4000)] });
    expect(echo.asked).toHaveLength(1);
    plainClient.close();
  });
});
