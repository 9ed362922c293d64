/** Tensors of other precisions as float32: what PyTorch saves after training in half precision, or in double. */
import { decodeHalf } from './half-floats.ts';
import type { Tensor } from './safetensors.ts';

/** The tensor's numbers rounded to float32; undefined for integers and truth values. A float32 tensor's own array is returned, not a copy. */
export function floatsOf({ dtype, data }: Tensor): Float32Array | undefined {
  switch (dtype) {
    case 'F32':
      return data;
    case 'F64':
      return new Float32Array(data);
    case 'F16':
      return decodeHalf(data);
    case 'BF16':
      return new Float32Array(new Uint32Array(data).map((bits) => bits << 16).buffer); // the upper half of a float32
    default:
      return undefined;
  }
}
