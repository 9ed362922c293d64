/** IEEE binary16, which JavaScript has no array for on every Node that is supported: 1 sign, 5 exponent and 10 fraction bits in a Uint16Array. */

/** Rounds to the nearest half, ties to even: beyond 65520 to infinity, below 2^-25 to zero. */
export function encodeHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return new Uint16Array(values.length).map((_, i) => halfBits(bits[i]!, values[i]!));
}

/** The numbers that the bit patterns stand for, all of which float32 holds exactly. */
export const decodeHalf = (halves: Uint16Array): Float32Array =>
  new Float32Array(halves.length).map((_, i) => {
    const bits = halves[i]!;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const sign = bits >> 15 ? -1 : 1;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });

/** @param bits of the float32 `value` */
function halfBits(bits: number, value: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477f_f000) return sign | 0x7c00; // 65520, half way beyond the largest, and above
  if (magnitude < 0x3880_0000) return sign | roundToEven(Math.abs(value) * 2 ** 24); // below 2^-14 halves are multiples of 2^-24
  // The exponent's bias is 127 - 15 less; of 23 fraction bits 13 go, and a carry moves on into the exponent.
  return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - (112 << 23)) >>> 13);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
