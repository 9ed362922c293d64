import { SparseError } from '../errors.ts';

export interface ModelOptions {
  /** Length of the logits. */
  readonly classes?: number;
  /** Shape of one sample, (C, H, W) or (features). */
  readonly input?: readonly number[];
}

/**
 * The input shape that was asked for, or the model's own.
 * @throws SparseError INVALID_ARGUMENT unless it is (C, H, W) with H and W of at least `smallest`
 */
export function imageShape(model: string, input: readonly number[], smallest: number): readonly [number, number, number] {
  const [channels = 0, height = 0, width = 0] = input;
  if (input.length !== 3 || channels < 1 || height < smallest || width < smallest)
    throw new SparseError(
      'INVALID_ARGUMENT',
      'input',
      `images of shape (C, H, W), at least ${smallest} x ${smallest}, for ${model}`,
      input,
    );
  return [channels, height, width];
}
