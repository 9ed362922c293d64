/**
 * Calls the native addon with random arguments: of wrong types, detached, of every length, in shared memory, at odd offsets, of other
 * executors. Each call must return or throw a TypeError (or an Error of createExecutor that could not have its threads). What operations
 * say is trusted, as the plan made them; so only calls without operations are well formed here.
 *
 *     node tooling/fuzz/addon.mjs [--calls 100000] [--seed 1] [--engine FOLDER]
 */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { rng } from '../../packages/sparse-core/dist/index.js';

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string', default: fileURLToPath(new URL('../../packages/engine-sparse', import.meta.url)) },
  },
});
const { findAddon } = await import(pathToFileURL(`${options.engine}/dist/addon.node.js`));
const stream = rng(Number(options.seed)).stream('addon');
const { addon, failed } = findAddon();
if (!addon) throw new Error(failed.join('; '));
const one = (items) => items[stream.below(items.length)];
const executors = [1, 2, 3].map((threads) => addon.createExecutor(0, threads));

function detached(Kind) {
  const array = new Kind(64);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

const KINDS = [Int32Array, Float32Array, Uint8Array, Float64Array, BigInt64Array, Int16Array, Uint32Array];
/** No whole operation is among them: an array of integers has fewer elements than one operation has, or none. */
const ARRAYS = [
  () => new (one(KINDS))(stream.below(7)),
  () => detached(one(KINDS)),
  () => new (one(KINDS))(new SharedArrayBuffer(8 * stream.below(2))),
  () => new Int32Array(new ArrayBuffer(64), 4 * stream.below(16), 1),
  () => new Float32Array(new ArrayBuffer(256), 4 * stream.below(32)),
  () => new Int32Array(new ArrayBuffer(16, { maxByteLength: 64 })),
];
const NUMBERS = [0, 1, 2, 3, 15, 16, 17, 32, 128, 129, -1, 0.5, 1e10, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, -0];
const OTHERS = [
  undefined,
  null,
  true,
  '1',
  '',
  1n,
  Symbol('a'),
  {},
  [],
  () => 1,
  new Map(),
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Proxy([], {}),
];
const VALUES = [() => one(executors), () => one(ARRAYS)(), () => one(ARRAYS)(), () => one(NUMBERS), () => one(OTHERS)];
const anything = () => one(VALUES)();

/** A call as the engine makes it, without operations, of which every argument may be replaced by anything. */
function argumentsOfRun() {
  const right = [one(executors), new Int32Array(0), new Float32Array(64), new Int32Array(64), one([1, 16, 32]), 1 + stream.below(40)];
  const args = right.map((value, k) => (stream.below(5) === 0 ? (k === 1 ? one([...ARRAYS, () => one(OTHERS)])() : anything()) : value));
  return args.slice(0, stream.below(8) === 0 ? stream.below(7) : 6);
}

const CALLS = [
  ['run', argumentsOfRun],
  ['run', argumentsOfRun],
  ['misalignment', () => [anything()]],
  ['variants', () => [anything()]],
  ['createExecutor', () => [one([0, 1, 2, 3, 1000]), one([0, -1, 1, 2, 4, 1025, 2 ** 32 - 1, 2 ** 32 + 1])]],
  ['createExecutor', () => [anything(), one([...NUMBERS.filter((number) => !(number > 4 && number <= 1024)), 'a'])]],
];

let refused = 0;
for (let call = 0; call < Number(options.calls); call++) {
  const [name, make] = one(CALLS);
  try {
    addon[name](...make());
  } catch (error) {
    if (!(error instanceof TypeError) && !/out of memory or threads/.test(error.message)) throw error;
    refused++;
  }
  // Executors that nobody holds are destroyed while others work.
  if (call % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
for (const executor of executors) addon.run(executor, new Int32Array(0), new Float32Array(64), new Int32Array(64), 16, 16);
console.log(`addon: ${options.calls} calls, ${refused} refused, seed ${options.seed}`);
