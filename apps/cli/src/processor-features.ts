/** Which instruction sets this processor has, of those that kernels, TensorFlow and onnxruntime choose by. */
import { readFileSync } from 'node:fs';

const SETS =
  /^(sse4_2|avx|f16c|avx2|fma|avx512(f|vl|dq|bw|_vnni|_bf16|_fp16)|avx_vnni|amx_(tile|bf16|int8)|asimd|asimddp|sve2?|bf16|i8mm)$/;

/** Under the names that Linux gives them, in its order; elsewhere none. */
export function processorFeatures(path = '/proc/cpuinfo'): string[] {
  try {
    const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    return flags.split(/\s+/).filter((flag) => SETS.test(flag));
  } catch {
    return [];
  }
}
