/** Where a plane's pixels outside its border come from: index maps of one axis of `length` pixels. */
export type Border = (index: number, length: number) => number;

/** The edge pixel goes on: a a a | a b c. */
export const nearest: Border = (index, length) => Math.min(length - 1, Math.max(0, index));

/** Mirrored with the edge pixel: c b a | a b c. */
export const reflect: Border = (index, length) => {
  const within = modulo(index, 2 * length);
  return within < length ? within : 2 * length - 1 - within;
};

/** Mirrored without repeating the edge pixel: c b | a b c. */
export const mirror: Border = (index, length) => {
  if (length === 1) return 0;
  const within = modulo(index, 2 * length - 2);
  return within < length ? within : 2 * length - 2 - within;
};

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
