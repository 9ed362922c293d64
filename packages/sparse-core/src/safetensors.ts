/**
 * The safetensors container: 8 bytes of header length, a JSON header (name -> dtype, shape, data_offsets), then the tensors' bytes, little-endian
 * as every platform that runs JavaScript. Files come from strangers, so reading trusts nothing: each fault is a SparseError BAD_FILE.
 * @source format description of github.com/huggingface/safetensors
 */
import { SparseError } from './errors.ts';
import { isRecord } from './is-record.ts';
import { parseJson } from './parse-json.ts';

interface DataOf {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  /** Raw bits; JavaScript has no 16-bit floats everywhere yet. */
  readonly F16: Uint16Array;
  readonly BF16: Uint16Array;
  readonly I64: BigInt64Array;
  readonly U64: BigUint64Array;
  readonly I32: Int32Array;
  readonly U32: Uint32Array;
  readonly I16: Int16Array;
  readonly U16: Uint16Array;
  readonly I8: Int8Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}

export type Dtype = keyof DataOf;

/** Row-major; `data.length` is the product of `shape` (1 for a scalar, shape []). */
export type Tensor = { [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: DataOf[D] } }[Dtype];

export interface Safetensors {
  readonly tensors: Map<string, Tensor>;
  /** Without prototype, so that any key is harmless. */
  readonly metadata: Record<string, string>;
}

const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The format allows 100 MB; this is the header of a hundred thousand tensors, and reading it takes some hundred megabytes at most. */
const MAX_HEADER_BYTES = 2 ** 24;
const MAX_DIMENSIONS = 64;
const METADATA = '__metadata__';

/**
 * The same tensors in the same order give the same bytes. Wide elements come first and the header is padded with spaces to a multiple of
 * 8 bytes, so every tensor is aligned in the file.
 * @throws SparseError INVALID_ARGUMENT when a tensor's data does not fit its dtype and shape
 */
export function encodeSafetensors(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"${METADATA}":${JSON.stringify(metadata)}`);
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let end = 0;
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] })}`);
  }
  const text = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + end);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(text, 8);
  let offset = 8 + headerBytes;
  for (const [, { data }] of ordered) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return out;
}

function checkTensor(name: string, { dtype, shape, data }: Tensor): void {
  if (name === METADATA)
    throw new SparseError('INVALID_ARGUMENT', 'tensors', `a name other than ${METADATA}, which the format reserves`, name);
  if (!(data instanceof ARRAYS[dtype]))
    throw new SparseError('INVALID_ARGUMENT', `tensor ${name}`, `a ${ARRAYS[dtype].name} for dtype ${dtype}`, data);
  const size = shape.reduce((a, b) => a * b, 1);
  if (data.length !== size)
    throw new SparseError('INVALID_ARGUMENT', `tensor ${name}`, `${size} elements for shape (${shape})`, `${data.length} elements`);
}

/**
 * Reads a whole file. The tensors are copies: they do not hold on to `bytes`.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE for anything that is not exactly a safetensors file
 */
export function decodeSafetensors(bytes: Uint8Array, at: string): Safetensors {
  const { header, dataStart } = readHeader(bytes, at);
  const metadata: Record<string, string> = Object.create(null);
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) copyMetadata(value, metadata, at);
    else entries.push(readEntry(name, value, at));
  }
  checkCoverage(entries, bytes.length - dataStart, at);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const copy = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)); // not slice: a Buffer's slice is a view
    tensors.set(name, { dtype, shape, data: new ARRAYS[dtype](copy.buffer) } as Tensor);
  }
  return { tensors, metadata };
}

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

const bad = (at: string, expected: string, received: unknown, hint?: string, options?: ErrorOptions) =>
  new SparseError('BAD_FILE', at, expected, received, hint, options);

/** A name in a message; the file may hold megabytes of it. */
const short = (name: string): string => (name.length > 100 ? `${name.slice(0, 97)}...` : name);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readHeader(bytes: Uint8Array, at: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) throw bad(at, 'a safetensors file, at least 8 bytes long', `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw bad(at, `a safetensors header of at most ${MAX_HEADER_BYTES} bytes`, `a length of ${length}`);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length)
    throw bad(at, `a header of ${length} bytes inside the file`, `a file of ${bytes.length} bytes`, 'The file is cut off');
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, dataStart));
    header = parseJson(text);
  } catch (cause) {
    throw bad(`${at}: header`, 'JSON in UTF-8', cause, undefined, { cause });
  }
  if (!isRecord(header) || text[0] !== '{') throw bad(`${at}: header`, 'a JSON object', header);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw bad(`${at}: header`, 'each name once', `${short(twice)} twice`);
  return { header, dataStart };
}

/** JSON.parse keeps the last of equal keys in silence; this finds them in a text that it has accepted. */
function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const mark = /["{}[\]]/g;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    if (found[0] === '{') open.push(new Set());
    else if (found[0] === '[') open.push(undefined);
    else if (found[0] !== '"') open.pop();
    else {
      const end = closingQuote(text, found.index);
      mark.lastIndex = end + 1;
      const keys = open.at(-1);
      if (!keys || !isBeforeColon(text, end)) continue;
      const key: string = JSON.parse(text.slice(found.index, end + 1));
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** No regular expression here: over a text of many megabytes it overflows the stack. */
function closingQuote(text: string, opening: number): number {
  for (let end = text.indexOf('"', opening + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

function isBeforeColon(text: string, quote: number): boolean {
  let next = quote + 1;
  while (' \t\r\n'.includes(text[next]!)) next++;
  return text[next] === ':';
}

function copyMetadata(value: unknown, metadata: Record<string, string>, at: string): void {
  if (!isRecord(value)) throw bad(`${at}: ${METADATA}`, 'an object of texts', value);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw bad(`${at}: ${METADATA}.${short(key)}`, 'a text', text);
    metadata[key] = text;
  }
}

function readEntry(name: string, value: unknown, file: string): Entry {
  const at = `${file}: tensor ${short(name)}`;
  if (!isRecord(value)) throw bad(at, 'an object with dtype, shape and data_offsets', value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype))
    throw bad(`${at}: dtype`, `one of ${Object.keys(ARRAYS).join(', ')}`, dtype);
  if (!Array.isArray(shape) || shape.length > MAX_DIMENSIONS || !shape.every(isCount))
    throw bad(`${at}: shape`, `at most ${MAX_DIMENSIONS} whole numbers of at least 0`, shape);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0]! > offsets[1]!)
    throw bad(`${at}: data_offsets`, 'two whole numbers [begin, end]', offsets);
  // Every partial product must be exact, even where a later zero would make the whole 0: sizes that overflow are never honest.
  let sizeBytes = ARRAYS[dtype as Dtype].BYTES_PER_ELEMENT;
  for (const dimension of shape) {
    sizeBytes *= dimension;
    if (sizeBytes > Number.MAX_SAFE_INTEGER) throw bad(`${at}: shape`, 'a size that a file can have', shape);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeBytes)
    throw bad(`${at}: data_offsets`, `${sizeBytes} bytes for ${dtype} of shape (${shape})`, `${end - begin} bytes`);
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** Tensors must follow each other without gap or overlap and end where the file ends. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, at: string): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      throw bad(`${at}: tensor ${short(name)}: data_offsets`, `data that begins at ${covered}, after the tensor before`, begin);
    covered = end;
  }
  if (covered < dataBytes) throw bad(at, `${covered} bytes of data`, `${dataBytes} bytes`, 'Something follows the last tensor');
  if (covered > dataBytes) throw bad(at, `${covered} bytes of data`, `${dataBytes} bytes`, 'The file is cut off');
}
