// How the server and its worker processes talk: a frame is a small JSON header and the raw bytes of tensors, over one socket pair.
//
//   u32 header length | u32 payload length | header | payload
//
// Tensors stand in the payload in the order of the header, each starting at a multiple of 8, so that the reader's typed arrays are
// views of it and no element is copied or parsed.

import type { RawTensor } from '../protocol/raw-tensor.ts';
import type { Datatype } from '../tensor.ts';

/** What a header says of each tensor. */
export interface TensorHead {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

export interface Frame<Header> {
  readonly header: Header;
  readonly payload: Uint8Array;
}

/** One tensor to send, its bytes in pieces that follow each other (the requests of a batch). */
export interface OutgoingTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly pieces: readonly Uint8Array[];
}

const padding = new Uint8Array(8);
const padded = (length: number): number => (length + 7) & ~7;
const sizeOf = ({ pieces }: OutgoingTensor): number => pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** A frame as buffers to be written one after the other. `header` gets the field `tensors`. */
export function encodeFrame(header: object, tensors: readonly OutgoingTensor[]): readonly Uint8Array[] {
  const heads = tensors.map((tensor): TensorHead => {
    const { name, datatype, shape } = tensor;
    return { name, datatype, shape, byteLength: sizeOf(tensor) };
  });
  const text = Buffer.from(JSON.stringify({ ...header, tensors: heads }));
  const head = Buffer.allocUnsafe(8 + text.length);
  head.writeUInt32LE(text.length, 0);
  head.writeUInt32LE(
    heads.reduce((sum, { byteLength }) => sum + padded(byteLength), 0),
    4,
  );
  head.set(text, 8);
  const body = tensors.flatMap(({ pieces }, i) => {
    const { byteLength } = heads[i]!;
    return [...pieces, padding.subarray(0, padded(byteLength) - byteLength)];
  });
  return [head, ...body.filter(({ byteLength }) => byteLength > 0)];
}

/** The tensors of a frame, as views of its payload. */
export function framedTensors({ header, payload }: Frame<{ readonly tensors: readonly TensorHead[] }>): RawTensor[] {
  let offset = 0;
  return header.tensors.map(({ byteLength, ...tensor }) => {
    const bytes = payload.subarray(offset, offset + byteLength);
    offset += padded(byteLength);
    return { ...tensor, bytes };
  });
}

/** Puts the chunks of a stream together to frames. */
export class FrameReader<Header> {
  readonly #onFrame: (frame: Frame<Header>) => void;
  #rest: Buffer = Buffer.alloc(0);
  #header: Header | undefined;
  #payload: Buffer | undefined;
  #filled = 0;

  constructor(onFrame: (frame: Frame<Header>) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let input = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (;;) {
      if (this.#payload === undefined) {
        const headerEnd = input.length < 8 ? Number.POSITIVE_INFINITY : 8 + input.readUInt32LE(0);
        if (input.length < headerEnd) break;
        this.#header = JSON.parse(input.toString('utf8', 8, headerEnd)) as Header;
        this.#payload = Buffer.allocUnsafeSlow(input.readUInt32LE(4)); // not from Node's pool: it starts aligned
        this.#filled = 0;
        input = input.subarray(headerEnd);
      }
      const taken = input.copy(this.#payload, this.#filled);
      this.#filled += taken;
      input = input.subarray(taken);
      if (this.#filled < this.#payload.length) break;
      const frame = { header: this.#header!, payload: this.#payload };
      this.#payload = undefined;
      this.#onFrame(frame);
    }
    this.#rest = input;
  }
}
