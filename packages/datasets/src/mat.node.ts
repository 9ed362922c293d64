/**
 * Numeric arrays from MATLAB 5 files (.mat as `save -v6` and `-v7` write them), as far as data sets need: little-endian, real numbers,
 * compressed or not. Everything else in the file is skipped.
 * @source "MAT-File Format", The MathWorks
 */
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { SparseError } from '@freetickets/sparse-core';
import { mostUnpacked } from './gunzip.node.ts';
import { type OpenFile, openFile } from './open-file.node.ts';

export type MatNumbers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

export interface MatArray {
  readonly shape: readonly number[];
  /** Column-major: the first index runs fastest. In the type that the file stores, which may be smaller than the array's. */
  readonly data: MatNumbers;
}

const HEADER = 128;
const MATRIX = 14;
const COMPRESSED = 15;
/** Of one element, unpacked; keeps a hostile file from filling the memory. The largest part of SVHN has 1.6 GB. */
const MAX_BYTES = 2_000_000_000;

const MAX_DIMENSIONS = 32;

const READERS: Readonly<Record<number, new (buffer: ArrayBuffer) => MatNumbers>> = {
  1: Int8Array,
  2: Uint8Array,
  3: Int16Array,
  4: Uint16Array,
  5: Int32Array,
  6: Uint32Array,
  7: Float32Array,
  9: Float64Array,
};

/** One element after another is held in memory, and of them only the arrays asked for stay. */
export async function readMat<Name extends string>(path: string, names: readonly Name[]): Promise<Record<Name, MatArray>> {
  await using file = await openFile(path, 'a MATLAB 5 file');
  checkHeader(await file.read(0, Math.min(HEADER, file.size)), path);
  const found = new Map<string, MatArray>();
  for (let offset = HEADER; offset < file.size && names.some((name) => !found.has(name)); ) {
    const { body, end } = await readElement(file, path, offset);
    const array = body && parseMatrix(body, names, `${path}: element at byte ${offset}`);
    if (array) found.set(array.name, array);
    offset = end;
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) throw new SparseError('BAD_FILE', path, `an array named ${missing.join(' and one named ')}`, 'none');
  return Object.fromEntries(found) as Record<Name, MatArray>;
}

function checkHeader(bytes: Uint8Array, path: string): void {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 19));
  if (bytes.length < HEADER || !text.startsWith('MATLAB')) {
    throw new SparseError('BAD_FILE', `${path}: byte 0`, 'the header of a MATLAB file', text, 'Fetch the file again');
  }
  if (text.startsWith('MATLAB 7.3')) throw new SparseError('BAD_FILE', path, 'a MATLAB 5 file', text, 'Save it again with -v7');
  const endian = String.fromCharCode(bytes[126]!, bytes[127]!);
  if (endian !== 'IM') throw new SparseError('BAD_FILE', `${path}: byte 126`, 'the mark IM of a little-endian file', endian);
}

/** The content of a matrix, unpacked; none for elements of other types. */
async function readElement(file: OpenFile, path: string, offset: number): Promise<{ body?: Uint8Array; end: number }> {
  const at = `${path}: byte ${offset}`;
  const { type, bytes } = tagOf(await file.read(offset, 8), 0, at);
  const end = offset + 8 + bytes;
  if (type !== MATRIX && type !== COMPRESSED) return { end };
  if (bytes > MAX_BYTES) throw new SparseError('BAD_FILE', at, `an element of at most ${MAX_BYTES} bytes`, `${bytes} bytes`);
  const content = await file.read(offset + 8, bytes);
  if (type === MATRIX) return { body: content, end };
  const most = mostUnpacked(bytes, MAX_BYTES);
  const whole = await promisify(inflate)(content, { maxOutputLength: most }).catch((cause: unknown) => {
    throw new SparseError('BAD_FILE', at, `whole compressed data of at most ${most} bytes unpacked`, cause, 'Fetch the file again', {
      cause,
    });
  });
  const plain = new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
  const inner = tagOf(plain, 0, at);
  return inner.type === MATRIX ? { body: part(plain, inner.start, inner.bytes, at), end } : { end };
}

/** Type and length of an element; short ones keep both in the first four bytes and their content in the next. */
function tagOf(bytes: Uint8Array, offset: number, at: string): { type: number; bytes: number; start: number; next: number } {
  const head = part(bytes, offset, 8, at);
  const view = new DataView(head.buffer, head.byteOffset, 8);
  const [first, second] = [view.getUint32(0, true), view.getUint32(4, true)];
  const short = first >>> 16;
  if (short > 4) throw new SparseError('BAD_FILE', `${at}, offset ${offset}`, 'at most 4 bytes in a short element', short);
  if (short !== 0) return { type: first & 0xffff, bytes: short, start: offset + 4, next: offset + 8 };
  return { type: first, bytes: second, start: offset + 8, next: offset + 8 + 8 * Math.ceil(second / 8) };
}

function part(bytes: Uint8Array, start: number, length: number, at: string): Uint8Array {
  if (start + length <= bytes.length) return bytes.subarray(start, start + length);
  const left = Math.max(0, bytes.length - start);
  throw new SparseError('BAD_FILE', `${at}, offset ${start}`, `${length} more bytes`, `${left} bytes`, 'The file is damaged');
}

/** Four elements: flags, dimensions, name, numbers. Undefined when it is none of those asked for. */
function parseMatrix(body: Uint8Array, names: readonly string[], at: string): (MatArray & { name: string }) | undefined {
  const flags = tagOf(body, 0, at);
  const dimensions = tagOf(body, flags.next, at);
  const label = tagOf(body, dimensions.next, at);
  const name = new TextDecoder('latin1').decode(part(body, label.start, label.bytes, at));
  if (!names.includes(name)) return undefined;
  const [kind = 0, bits = 0] = part(body, flags.start, flags.bytes, at);
  if (kind < 6 || kind > 13 || (bits & 0x08) !== 0) {
    throw new SparseError(
      'BAD_FILE',
      `${at}: ${name}`,
      'an array of real numbers of at most 32 bits, or double',
      `class ${kind}, flags ${bits}`,
    );
  }
  const shape = [...new Int32Array(copyOf(part(body, dimensions.start, dimensions.bytes - (dimensions.bytes % 4), at)))];
  if (shape.length > MAX_DIMENSIONS || shape.some((dimension) => dimension < 0)) {
    throw new SparseError('BAD_FILE', `${at}: ${name}`, `at most ${MAX_DIMENSIONS} dimensions of at least 0`, shape, 'The file is damaged');
  }
  const numbers = tagOf(body, label.next, at);
  const Reader = READERS[numbers.type];
  if (!Reader) throw new SparseError('BAD_FILE', `${at}: ${name}`, 'a numeric storage type', `type ${numbers.type}`);
  const raw = part(body, numbers.start, numbers.bytes, at);
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const data = raw.length % new Reader(new ArrayBuffer(0)).BYTES_PER_ELEMENT === 0 ? asNumbers(Reader, raw) : undefined;
  if (data?.length !== size) {
    throw new SparseError(
      'BAD_FILE',
      `${at}: ${name}`,
      `${size} numbers for shape (${shape.join(', ')})`,
      `${raw.length} bytes of type ${numbers.type}`,
    );
  }
  return { name, shape, data };
}

/** Bytes need no copy; larger numbers must lie at a multiple of their size. */
function asNumbers(Reader: new (buffer: ArrayBuffer) => MatNumbers, raw: Uint8Array): MatNumbers {
  return Reader === Uint8Array ? raw : new Reader(copyOf(raw));
}

/** Not `slice`: of what zlib gives, a Buffer, that would be a view of a larger memory. */
const copyOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
