/** Tensors of other precisions as float32: what PyTorch saves after training in half precision, or in double. */
import type { Tensor } from './safetensors.ts';

/** The tensor's numbers rounded to float32; undefined for integers and truth values. A float32 tensor's own array is returned, not a copy. */
export function floatsOf({ dtype, data }: Tensor): Float32Array | undefined {
  switch (dtype) {
    case 'F32':
      return data;
    case 'F64':
      return new Float32Array(data);
    case 'F16':
      return new Float32Array(data.length).map((_, i) => halfToNumber(data[i]!));
    case 'BF16':
      return new Float32Array(new Uint32Array(data).map((bits) => bits << 16).buffer); // the upper half of a float32
    default:
      return undefined;
  }
}

/** IEEE binary16: 1 sign, 5 exponent, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
