// A tensor as it travels: the bytes of the binary tensor extension (little-endian, row-major, packed; BYTES elements each behind a
// 32-bit length). Both surfaces read requests into this form, workers get and give it, so no element is touched on the way.

import type { Datatype } from '../tensor.ts';

export interface RawTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Any alignment: view it as numbers only after `typedData`. */
  readonly bytes: Uint8Array;
}

/** Values of request, input and output parameters. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;
