/**
 * Every reader of files that may come from strangers: good files to begin with, words of the format, and, where the format guards itself by
 * lengths or checksums, a repair, without which nearly every damaged file would be refused at its door.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import { readExperimentFile, resolveExperiment } from '../../apps/cli/dist/experiment.js';
import { archiveStore } from '../../packages/datasets/dist/archive-store.node.js';
import { gunzipIfNeeded } from '../../packages/datasets/dist/gunzip.node.js';
import { parseIdx } from '../../packages/datasets/dist/idx.js';
import { cifar10, decodePicture, readNpy } from '../../packages/datasets/dist/index.js';
import { readMat } from '../../packages/datasets/dist/mat.node.js';
import { npyBytes } from '../../packages/datasets/dist/npy.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../packages/dst-trainer/dist/index.js';
import { describeOnnx, toOnnx } from '../../packages/onnx-export/dist/index.js';
import {
  decodeSafetensors,
  decodeTicket,
  encodeSafetensors,
  encodeTicket,
  initialState,
  lenet5,
  network,
  parseJson,
} from '../../packages/sparse-core/dist/index.js';

const JSON_TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  'null',
  'true',
  '-0',
  '1e400',
  '"__proto__":',
  '"constructor":',
  '\\u0000',
  '\ud800',
];

const SMALL = {
  version: 1,
  name: 'small',
  input: { shape: [1, 4, 4] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 2, kernel: 3, pad: 1 },
    { id: 'norm', op: 'batchNorm', from: ['conv'] },
    { id: 'relu', op: 'relu', from: ['norm'] },
    { id: 'pool', op: 'globalAvgPool', from: ['relu'] },
    { id: 'fc', op: 'linear', from: ['pool'], out: 3 },
  ],
  output: 'fc',
};

/** Half of the weights of `SMALL` live. */
function smallState() {
  const net = network(SMALL);
  const sparse = [...net.params].filter(([, { sparsifiable }]) => sparsifiable);
  const topology = new Map(
    sparse.map(([param, { shape, size }]) => [param, { shape, live: Uint32Array.from({ length: size / 2 }, (_, k) => 2 * k) }]),
  );
  return initialState(net, topology, 1);
}

function checkpoint() {
  const model = smallState();
  const fired = new Map(
    [...model.topology].map(([param, { shape }]) => [param, new Uint8Array(Math.ceil(shape.reduce((a, b) => a * b, 1) / 8))]),
  );
  const position = { seed: 1, step: 3, phase: 0, epoch: 1, batch: 2, tickets: 0, elapsedSeconds: 1.5 };
  return encodeCheckpoint({ ...position, model, fired, sums: { loss: 1, correct: 2, seen: 3 } }, { member: '0' });
}

/** The length of a safetensors header as it must be for `data` bytes to follow it. */
const headerLength = (data) => (bytes) => {
  if (bytes.length < 8 + data) return bytes;
  const out = bytes.slice();
  new DataView(out.buffer).setBigUint64(0, BigInt(out.length - 8 - data), true);
  return out;
};
const dataBytes = (bytes) => bytes.length - 8 - Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));

function tensorFile(bytes, read) {
  return {
    seeds: () => [bytes],
    tokens: [...JSON_TOKENS, '"F32"', '"data_offsets":', '[0,4]'],
    repair: headerLength(dataBytes(bytes)),
    read,
  };
}

const u32 = (number) => [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  return Buffer.concat([Buffer.from(u32(data.length)), body, Buffer.from(u32(crc32(body)))]);
}

const PNG_MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);

/** 4 x 4 pixels. @param kind 0: brightness, 2: red, green, blue. @param interlaced 0 or 1 */
function png(kind, interlaced) {
  const bytesPerPixel = kind === 2 ? 3 : 1;
  const widths = interlaced ? [1, 1, 2, 2, 2, 4, 4] : [4, 4, 4, 4];
  const rows = widths.map((width) => Buffer.concat([Buffer.of(0), Buffer.alloc(width * bytesPerPixel, 90)]));
  const head = Buffer.from([...u32(4), ...u32(4), 8, kind, 0, 0, interlaced]);
  return Buffer.concat([PNG_MAGIC, chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows))), chunk('IEND', Buffer.alloc(0))]);
}

/** Checksums of the chunks of a PNG picture, as far as their lengths make sense. */
function pngChecksums(bytes) {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + out.readUInt32BE(at);
    if (end + 4 > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return new Uint8Array(out);
}

/** The header of a tar entry, and its content filled up to whole blocks. */
function tarEntry(name, type, content) {
  const header = Buffer.alloc(512);
  const put = (at, text) => header.write(text, at, 'latin1');
  put(0, name);
  put(100, '0000644\0');
  put(124, `${content.length.toString(8).padStart(11, '0')}\0`);
  put(156, type);
  if (type === '2') put(157, '../../outside');
  put(257, 'ustar\u000000');
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function tar() {
  const pax = Buffer.from('30 path=train/b/long-name.png\n');
  const entries = ['train/a/1.png', 'test/a/1.png', 'test/b/1.png'].map((name) => tarEntry(name, '0', png(0, 0)));
  const long = [tarEntry('PaxHeader', 'x', pax), tarEntry('short', '0', png(0, 0)), tarEntry('train/c', '5', Buffer.alloc(0))];
  return tarChecksums(Buffer.concat([...entries, ...long, tarEntry('link', '2', Buffer.alloc(0)), Buffer.alloc(1024)]));
}

/** Checksums of whatever stands where a header of a tar archive may. */
function tarChecksums(bytes) {
  const out = Buffer.from(bytes);
  for (let at = 0; at + 512 <= out.length; at += 512) {
    if (out.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    out.fill(' ', at + 148, at + 156);
    const sum = out.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    out.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return new Uint8Array(out);
}

/** A MATLAB 5 file with one array of two rows and two columns, compressed or not. */
function mat(compressed) {
  const element = (type, data) =>
    Buffer.concat([Buffer.from(Uint32Array.of(type, data.length).buffer), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  const numbers = (array) => Buffer.from(array.buffer);
  const body = [
    element(6, numbers(Uint32Array.of(9, 0))),
    element(5, numbers(Int32Array.of(2, 2))),
    element(1, Buffer.from('X')),
    element(2, Buffer.of(1, 2, 3, 4)),
  ];
  const matrix = element(14, Buffer.concat(body));
  const packed = deflateSync(matrix);
  const part = compressed ? Buffer.concat([Buffer.from(Uint32Array.of(15, packed.length).buffer), packed]) : matrix;
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file', 0);
  header.writeUInt16LE(0x100, 124);
  header.write('IM', 126);
  return Buffer.concat([header, part]);
}

const idx = () => Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]);

async function jpeg() {
  const sharp = createRequire(new URL('../../packages/datasets/package.json', import.meta.url))('sharp');
  const pixels = Buffer.from(Array.from({ length: 16 * 16 * 3 }, (_, k) => (k * 37) % 256));
  const picture = () => sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } });
  return [await picture().jpeg().toBuffer(), await picture().jpeg({ progressive: true }).toBuffer()];
}

const TYPICAL = { network: 'lenet5', seed: 1, sparsity: 0.9, batchSize: 8, exploreEpochs: 1 };

/** @param folder where readers of files find theirs */
export async function readersIn(folder) {
  const file = (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const batches = join(folder, 'cifar');
  const records = (count) => Buffer.concat(Array.from({ length: count }, (_, k) => Buffer.concat([Buffer.of(k), Buffer.alloc(3072, k)])));
  mkdirSync(batches, { recursive: true });
  for (const k of [1, 2, 3, 4, 5]) writeFileSync(join(batches, `data_batch_${k}.bin`), records(1));
  const state = smallState();
  const text = (value) => Buffer.from(JSON.stringify(value));
  const pictures = [png(0, 0), png(2, 1), ...(await jpeg())];
  return {
    safetensors: tensorFile(
      encodeSafetensors(
        new Map([
          ['a', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
          ['b', { dtype: 'U8', shape: [1, 3], data: Uint8Array.of(1, 2, 3) }],
        ]),
        { k: 'v' },
      ),
      (bytes, at) => decodeSafetensors(bytes, at),
    ),
    ticket: tensorFile(encodeTicket(state, { classes: ['a', 'b', 'c'], metrics: { accuracy: 0.5 } }), (bytes, at) =>
      decodeTicket(bytes, at),
    ),
    checkpoint: tensorFile(checkpoint(), (bytes, at) => decodeCheckpoint(bytes, at)),
    onnx: {
      seeds: () => [toOnnx([state])],
      tokens: ['\x08\xff\xff\xff\xff\x0f', '\x0a\x80\x80\x80\x80\x10', '\x0b'.repeat(200), 'freetickets.', 'Conv'],
      read: (bytes, at) => describeOnnx(bytes, at),
    },
    idx: {
      seeds: () => [idx(), gzipSync(idx())],
      tokens: ['\0\0\x08\x01'],
      read: async (bytes, at) => parseIdx(await gunzipIfNeeded(bytes, at), 3, at),
    },
    cifar: {
      seeds: () => [records(2)],
      tokens: ['\x09', '\x0a'],
      read(bytes) {
        writeFileSync(join(batches, 'test_batch.bin'), bytes);
        return cifar10(batches);
      },
    },
    npy: {
      seeds: () =>
        [
          npyBytes([2, 3], new Uint8Array(6)),
          Buffer.from(npyBytes([24], new Uint8Array(24)))
            .toString('latin1')
            .replace('|u1', '<f8')
            .replace('24,', '3, '),
        ].map((bytes) => Buffer.from(bytes, 'latin1')),
      tokens: ["'<f4'", "'<i8'", "'>f4'", "'|O'", 'True', 'False', '(1,)', '()', 'L', '__import__'],
      read: (bytes) => readNpy(file('array.npy', bytes)),
    },
    mat: {
      seeds: () => [mat(false), mat(true)],
      tokens: ['\x0e\0\0\0', '\x0f\0\0\0', '\x02\0\x04\0', '\xff\xff\xff\xff'],
      read: (bytes) => readMat(file('array.mat', bytes), ['X']),
    },
    picture: {
      seeds: () => pictures,
      tokens: ['IHDR', 'PLTE', 'tRNS', 'iCCP', 'zTXt', 'eXIf', '\xff\xda', '\xff\xc4', '\xff\xdb', '\xff\xc2'],
      repair: pngChecksums,
      read: (bytes) => decodePicture(new Uint8Array(bytes), { shape: [3, 4, 4], resize: true }),
    },
    tar: {
      seeds: () => [tar(), gzipSync(tar())],
      tokens: ['../', '/etc/', 'C:\\', 'path=', 'ustar', '\x80\0\0\0', '\xff\xff\xff\xff', '././@LongLink', 'x', 'L', '1', '2'],
      repair: tarChecksums,
      read: (bytes) => readAll(archiveStore(file('pictures.tar', bytes))),
    },
    spec: {
      seeds: () => [text(SMALL), text(lenet5())],
      tokens: [...JSON_TOKENS, '"from":', '"op":', '"conv2d"', '"add"', '"concat"'],
      read: (bytes) => network(jsonOf(bytes)),
    },
    experiment: {
      seeds: () => [text(TYPICAL)],
      tokens: [...JSON_TOKENS, '"sparsity":', '"network":'],
      read: async (bytes) => resolveExperiment({}, await readExperimentFile(file('experiment.json', bytes))),
    },
  };
}

/** A text that is no JSON is not what the reader of specs is asked. */
function jsonOf(bytes) {
  try {
    return parseJson(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

async function readAll(store) {
  const { files } = await store.list();
  for await (const { name, bytes } of store.read(new Set(files)))
    if (typeof name !== 'string' || !ArrayBuffer.isView(bytes)) throw new Error('no file');
}
