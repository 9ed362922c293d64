import { describe, expect, it } from 'vitest';
import { SparseError } from './errors.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts';

/** A file from a header text, written out by hand. */
function file(header: string, dataBytes = 0, announced?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype: unknown = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

function fault(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, 'x.safetensors');
  } catch (error) {
    if (error instanceof SparseError && error.code === 'BAD_FILE') return error.message;
    throw error;
  }
  throw new Error('the file was accepted');
}

// Written by the Python package safetensors 0.6, torch: scalar F64 2.5; w F32 [[1, -2, 0.5]]; n I64 [7, -1]; b BOOL [T, F, T]; h BF16 [1]; e F32 (0, 4).
const FROM_PYTHON =
  'cAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJhIjoiw6kifSwibiI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzAsMTZdfSwic2NhbGFyIjp7ImR0eXBlIjoi' +
  'RjY0Iiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOlsxNiwyNF19LCJlIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDRdLCJkYXRhX29mZnNldHMiOlsyNCwyNF19LCJ3Ijp7ImR0eXBl' +
  'IjoiRjMyIiwic2hhcGUiOlsxLDNdLCJkYXRhX29mZnNldHMiOlsyNCwzNl19LCJoIjp7ImR0eXBlIjoiQkYxNiIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzM2LDM4XX0sImIiOnsi' +
  'ZHR5cGUiOiJCT09MIiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbMzgsNDFdfX0gIAcAAAAAAAAA//////////8AAAAAAAAEQAAAgD8AAADAAAAAP4A/AQAB';

describe('safetensors', () => {
  it('reads a file that the Python package wrote', () => {
    const { tensors, metadata } = decodeSafetensors(Buffer.from(FROM_PYTHON, 'base64'), 'python');
    expect(metadata.a).toBe('é');
    expect([...tensors.keys()].sort()).toEqual(['b', 'e', 'h', 'n', 'scalar', 'w']);
    expect(tensors.get('scalar')).toEqual({ dtype: 'F64', shape: [], data: Float64Array.of(2.5) });
    expect(tensors.get('w')).toEqual({ dtype: 'F32', shape: [1, 3], data: Float32Array.of(1, -2, 0.5) });
    expect(tensors.get('n')).toEqual({ dtype: 'I64', shape: [2], data: BigInt64Array.of(7n, -1n) });
    expect(tensors.get('b')).toEqual({ dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) });
    expect(tensors.get('h')).toEqual({ dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) });
    expect(tensors.get('e')).toEqual({ dtype: 'F32', shape: [0, 4], data: new Float32Array(0) });
  });

  it('gives back every dtype, name and bit', () => {
    const tensors = new Map<string, Tensor>([
      ['bytes', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
      ['__proto__', { dtype: 'U32', shape: [1], data: Uint32Array.of(0xffffffff) }],
      ['a "quoted" \\ name', { dtype: 'F64', shape: [2, 1], data: Float64Array.of(-0, Number.MIN_VALUE) }],
      ['nothing', { dtype: 'I32', shape: [0], data: new Int32Array(0) }],
      ['part of a larger array', { dtype: 'I16', shape: [2], data: Int16Array.of(9, -8, 7, 6).subarray(1, 3) }],
      ['signed', { dtype: 'I8', shape: [1], data: Int8Array.of(-128) }],
      ['whole', { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
    ]);
    const decoded = decodeSafetensors(encodeSafetensors(tensors, { __proto__x: 'y', constructor: 'z' }), 'file');
    expect(new Map([...decoded.tensors].sort())).toEqual(new Map([...tensors].sort()));
    expect(Object.is((decoded.tensors.get('a "quoted" \\ name')!.data as Float64Array)[0], -0)).toBe(true);
    expect({ ...decoded.metadata }).toEqual({ __proto__x: 'y', constructor: 'z' });
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it('pads the header with spaces to 8 bytes and aligns every tensor to its element size', () => {
    const bytes = encodeSafetensors(
      new Map<string, Tensor>([
        ['a', { dtype: 'U8', shape: [3], data: new Uint8Array(3) }],
        ['b', { dtype: 'F64', shape: [1], data: new Float64Array(1) }],
        ['c', { dtype: 'F32', shape: [1], data: new Float32Array(1) }],
      ]),
    );
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(text).toMatch(/^\{.*\} *$/);
    const header = JSON.parse(text) as Record<string, { data_offsets: number[] }>;
    expect(header.b!.data_offsets).toEqual([0, 8]);
    expect(header.c!.data_offsets).toEqual([8, 12]);
    expect(header.a!.data_offsets).toEqual([12, 15]);
    expect(bytes.length).toBe(8 + length + 15);
  });

  it('gives copies that do not hold on to the file, a Buffer included', () => {
    const bytes = Buffer.from(
      encodeSafetensors(new Map<string, Tensor>([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]])),
    );
    const { tensors } = decodeSafetensors(bytes, 'file');
    bytes.fill(0);
    expect(tensors.get('a')!.data).toEqual(Float32Array.of(1, 2));
    expect(tensors.get('a')!.data.buffer.byteLength).toBe(8);
  });

  it('reads from any offset of a larger buffer', () => {
    const inner = encodeSafetensors(new Map<string, Tensor>([['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]));
    const outer = new Uint8Array(inner.length + 7);
    outer.set(inner, 3);
    expect(decodeSafetensors(outer.subarray(3, 3 + inner.length), 'file').tensors.get('a')!.data).toEqual(Float32Array.of(1, 2));
  });

  it('accepts a file without tensors', () => {
    expect(decodeSafetensors(file('{}'), 'empty').tensors.size).toBe(0);
    expect(decodeSafetensors(encodeSafetensors(new Map()), 'empty').tensors.size).toBe(0);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /at least 8 bytes long, received "0 bytes"/],
    ['a header above 16 MiB', file('{}', 0, 2n ** 24n + 1n), /at most 16777216 bytes, received "a length of 16777217"/],
    ['a header length of 2^64 - 1', file('{}', 0, 2n ** 64n - 1n), /at most 16777216 bytes/],
    ['a header beyond the end', file('{}', 0, 3n), /inside the file.*cut off/],
    ['no JSON', file('{"a"'), /header: expected JSON/],
    ['bad UTF-8', file('{}').map((byte, i) => (i === 9 ? 0xff : byte)), /header: expected JSON in UTF-8/],
    ['a list', file('[]'), /a JSON object/],
    ['a space before the header', file(' {}'), /a JSON object/],
    ['a byte order mark before the header', file('\ufeff{}'), /header: expected JSON/],
    ['an unknown dtype', file(`{"a":${entry(0, 4, [1], 'F4')}}`, 4), /tensor a: dtype: expected one of F64.*received "F4"/],
    ['a dtype from the prototype', file(`{"a":${entry(0, 4, [1], 'toString')}}`, 4), /tensor a: dtype/],
    ['a negative dimension', file(`{"a":${entry(0, 4, [-1, -1])}}`, 4), /tensor a: shape/],
    ['a fractional dimension', file(`{"a":${entry(0, 4, [0.5, 2])}}`, 4), /tensor a: shape/],
    ['a size that overflows', file(`{"a":${entry(0, 4, [2 ** 32, 2 ** 32])}}`, 4), /tensor a: shape: expected a size that a file can have/],
    ['an overflow hidden by a zero', file(`{"a":${entry(0, 0, [2 ** 50, 2 ** 50, 0])}}`), /tensor a: shape: expected a size/],
    ['offsets that do not fit the shape', file(`{"a":${entry(0, 4, [2])}}`, 4), /8 bytes for F32 of shape \(2\), received "4 bytes"/],
    ['offsets the wrong way round', file(`{"a":${entry(4, 0, [1])}}`, 4), /tensor a: data_offsets/],
    ['three offsets', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 8), /tensor a: data_offsets/],
    [
      'offsets beyond 2^53',
      file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[9007199254740992,9007199254740996]}}`, 4),
      /data_offsets/,
    ],
    ['a hole', file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12), /tensor b: data_offsets: expected data that begins at 4.*received 8/],
    ['a hole at the start', file(`{"a":${entry(4, 8)}}`, 8), /tensor a: data_offsets: expected data that begins at 0/],
    ['an overlap', file(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /tensor b: data_offsets: expected data that begins at 8/],
    ['missing bytes', file(`{"a":${entry(0, 8)}}`, 4), /expected 8 bytes of data, received "4 bytes". The file is cut off/],
    ['trailing bytes', file(`{"a":${entry(0, 4)}}`, 5), /expected 4 bytes of data, received "5 bytes". Something follows/],
    ['a name twice', file(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, 4), /each name once, received "a twice"/],
    ['a name twice, once escaped', file(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, 4), /"a twice"/],
    ['a field twice', file('{"a":{"dtype":"F32","dtype":"U32","shape":[1],"data_offsets":[0,4]}}', 4), /"dtype twice"/],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}'), /__metadata__.a: expected a text, received 1/],
    ['metadata that is a list', file('{"__metadata__":[]}'), /__metadata__: expected an object/],
    ['a tensor that is null', file('{"a":null}'), /tensor a: expected an object/],
  ])('refuses %s', (_, bytes, message) => {
    expect(fault(bytes)).toMatch(message);
    expect(fault(bytes)).toContain('x.safetensors');
  });

  it('sees no repeated name in braces, colons and quotes inside texts', () => {
    const metadata = { a: '{"x": 1, "x": 2}', b: '"a":', c: '\\"a": [}', d: '\\', e: '\\\\"', f: 'a' };
    expect({ ...decodeSafetensors(encodeSafetensors(new Map(), metadata), 'file').metadata }).toEqual(metadata);
  });

  it('reads or refuses names, texts and shapes of megabytes without harm', () => {
    const long = 'a'.repeat(8_000_000);
    expect(decodeSafetensors(file(`{"__metadata__":{"k":"${long}"}}`), 'file').metadata.k).toHaveLength(8_000_000);
    expect(decodeSafetensors(file(`{"__metadata__":{"k":"${'\\n'.repeat(2_500_000)}"}}`), 'file').metadata.k).toHaveLength(2_500_000);
    expect(fault(file(`{"${long}":1}`)).length).toBeLessThan(300);
    expect(fault(file(`{"${long}":1,"${long}":1}`))).toMatch(/each name once/);
    expect(fault(file(`{"a":${entry(0, 4, new Array(100_000).fill(1))}}`, 4))).toMatch(
      /tensor a: shape: expected at most 64 whole numbers/,
    );
    expect(fault(file(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`))).toMatch(/header: expected JSON.*nested deeper than 64/);
  });

  it('refuses every shorter version of a file', () => {
    const bytes = encodeSafetensors(new Map<string, Tensor>([['a', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }]]), {
      k: 'v',
    });
    for (let length = 0; length < bytes.length; length++) expect(() => fault(bytes.subarray(0, length))).not.toThrow();
  });

  it('answers any changed header byte with the same content, a valid file or BAD_FILE', () => {
    const bytes = encodeSafetensors(new Map<string, Tensor>([['a', { dtype: 'U8', shape: [3, 1], data: Uint8Array.of(1, 2, 3) }]]), {
      k: 'v',
    });
    let refused = 0;
    for (let i = 0; i < bytes.length - 3; i++)
      for (const bit of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = bytes.slice();
        changed[i]! ^= bit;
        try {
          decodeSafetensors(changed, 'file');
        } catch (error) {
          expect(error).toBeInstanceOf(SparseError);
          refused++;
        }
      }
    expect(refused).toBeGreaterThan(400);
  });

  it.each<[string, Tensor, RegExp]>([
    ['a', { dtype: 'F32', shape: [2], data: new Float32Array(3) }, /tensor a: expected 2 elements for shape \(2\), received "3 elements"/],
    ['b', { dtype: 'F32', shape: [2], data: new Uint32Array(2) } as unknown as Tensor, /tensor b: expected a Float32Array for dtype F32/],
    ['__metadata__', { dtype: 'F32', shape: [0], data: new Float32Array(0) }, /a name other than __metadata__/],
  ])('refuses to write a tensor %s that does not fit', (name, tensor, message) => {
    expect(() => encodeSafetensors(new Map([[name, tensor]]))).toThrow(message);
  });
});
