/**
 * Damaged versions of a file: each is one to four changes of a good one, drawn from a stream, so that the same stream makes the same file
 * again. Changes are those that readers fall over: bits, numbers at the borders of their types, lengths, pieces moved, words of the format.
 */

const NUMBERS = [0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 53n, 2n ** 63n, -1n];
const MOST_BYTES = 2 ** 17;

const concat = (...parts) => new Uint8Array(Buffer.concat(parts));
const cut = (bytes, start, end, between = new Uint8Array()) => concat(bytes.subarray(0, start), between, bytes.subarray(end));

/** Most faults lie where the file describes itself: half of all places are among the first 256 bytes. */
const placeIn = (bytes, stream) => stream.below(stream.below(2) === 0 ? Math.min(256, bytes.length) : bytes.length);

function pieceOf(bytes, stream) {
  const start = placeIn(bytes, stream);
  return [start, Math.min(bytes.length, start + 1 + stream.below(stream.below(4) === 0 ? 4096 : 16))];
}

function flipBit(bytes, stream) {
  const out = bytes.slice();
  out[placeIn(bytes, stream)] ^= 1 << stream.below(8);
  return out;
}

function setByte(bytes, stream) {
  const out = bytes.slice();
  out[placeIn(bytes, stream)] = stream.below(256);
  return out;
}

function setNumber(bytes, stream) {
  const wide = 2 ** stream.below(4);
  if (bytes.length < wide) return bytes;
  const out = bytes.slice();
  const at = Math.min(placeIn(bytes, stream), bytes.length - wide);
  const number = BigInt.asUintN(64, NUMBERS[stream.below(NUMBERS.length)]);
  const little = stream.below(2) === 0;
  for (let k = 0; k < wide; k++) out[at + (little ? k : wide - 1 - k)] = Number((number >> BigInt(8 * k)) & 0xffn);
  return out;
}

/** One digit becomes several, or another: numbers that stand in the file as text. */
function setDigits(bytes, stream) {
  const digits = [...bytes.keys()].filter((k) => bytes[k] >= 0x30 && bytes[k] <= 0x39);
  if (digits.length === 0) return bytes;
  const at = digits[stream.below(digits.length)];
  const text = ['0', '1', '9', '-1', '1e400', '4294967296', '9007199254740993', '0.5', '99999999999999999999'][stream.below(9)];
  return cut(bytes, at, at + 1, Buffer.from(text));
}

const truncate = (bytes, stream) => bytes.slice(0, stream.below(bytes.length));
const remove = (bytes, stream) => cut(bytes, ...pieceOf(bytes, stream));

function repeat(bytes, stream) {
  const [start, end] = pieceOf(bytes, stream);
  const times = stream.below(8) === 0 ? 500 : 1 + stream.below(3);
  return cut(bytes, end, end, concat(...Array(times).fill(bytes.slice(start, end))));
}

const insertToken = (bytes, stream, { tokens }) => {
  const at = placeIn(bytes, stream);
  return cut(bytes, at, at + (stream.below(2) === 0 ? 0 : 1), Buffer.from(tokens[stream.below(tokens.length)]));
};

/** The beginning of one file and the end of another. */
const splice = (bytes, stream, { others }) => {
  const other = others[stream.below(others.length)];
  return cut(bytes, placeIn(bytes, stream), bytes.length, other.subarray(stream.below(other.length + 1)));
};

const CHANGES = [flipBit, flipBit, setByte, setNumber, setNumber, setDigits, truncate, remove, repeat, insertToken, splice];

/**
 * @param bytes at least one
 * @param around words of the format, and other files of it
 */
export function mutate(bytes, stream, around) {
  let out = bytes;
  for (let changes = 1 + stream.below(4); changes > 0; changes--)
    if (out.length > 0) out = CHANGES[stream.below(CHANGES.length)](out, stream, around).slice(0, MOST_BYTES);
  return out;
}
