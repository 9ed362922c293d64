import { describe, expect, it } from 'vitest';
import { crc32c, record } from './record.ts';

const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);

describe('crc32c', () => {
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending', ascending, 0x46dd794e],
    ['32 descending', ascending.toReversed(), 0x113fdb5c],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(), 0],
  ])('of %s is as RFC 3720 and the catalogue of checksums have it', (_, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
  });
});

describe('record', () => {
  it('is length, masked checksum, bytes, masked checksum', () => {
    const bytes = new TextEncoder().encode('123456789');
    const framed = record(bytes);
    const view = new DataView(framed.buffer);
    expect(framed).toHaveLength(8 + 4 + 9 + 4);
    expect(view.getBigUint64(0, true)).toBe(9n);
    expect(framed.subarray(12, 21)).toEqual(bytes);
    // 0xe3069283 rotated right by 15 is 0x2507c60d; plus 0xa282ead8, modulo 2^32
    expect(view.getUint32(21, true)).toBe(0xc78ab0e5);
  });
});
