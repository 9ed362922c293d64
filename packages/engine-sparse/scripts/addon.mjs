/**
 * What an addon is made of, for the two scripts that make one: build-native.mjs (here, with this machine's compiler) and
 * build-prebuilt.mjs (for every platform, with zig). Flags, instruction sets, the digest an addon carries, and the calls of the compiler.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'c');

/** No fast math: the variants differ by the contraction of a multiplication and a sum into one instruction, and by nothing else. */
export const FLAGS = [
  '-O3',
  '-std=gnu11',
  '-fPIC',
  '-ffp-contract=fast',
  '-fno-math-errno',
  '-Wall',
  '-Wextra',
  '-pthread',
  '-fvisibility=hidden',
];

/** Name, floats of a vector, flags: best first, as in c/kernels.def. */
const VARIANTS = {
  x64: [
    ['avx512', 16, ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mfma', '-mprefer-vector-width=512']],
    ['avx2', 8, ['-mavx2', '-mfma']],
    ['baseline', 4, []],
  ],
  arm64: [['neon', 4, []]],
};

/** The instruction sets of a family of processors, by Node's name for it. */
export const variantsOf = (arch) => VARIANTS[arch] ?? [['baseline', 4, []]];

/** A reason not to build, in words that end a sentence. */
export class NotBuilt extends Error {}

/** Where node_api.h is: in the npm package, or beside this Node. */
function findHeaders() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    const beside = join(dirname(process.execPath), '..', 'include', 'node');
    if (existsSync(join(beside, 'node_api.h'))) return beside;
    throw new NotBuilt('node_api.h was not found (install the npm package node-api-headers)');
  }
}

const sourceFiles = () =>
  readdirSync(source)
    .filter((file) => /\.(c|h|def)$/.test(file))
    .sort();

/** Adds the names and bytes of the C sources to a hash, in an order of their own. */
export function hashSources(hash, files = sourceFiles()) {
  for (const file of files) hash.update(file).update(readFileSync(join(source, file)));
  return hash;
}

/** What an addon says it was made of: the layout of operations (c/ops.h), then all sources; src/native.node.ts computes the same. */
export function digest() {
  const short = (hash) => hash.digest('hex').slice(0, 16);
  return `${short(hashSources(createHash('sha256'), ['ops.h']))}.${short(hashSources(createHash('sha256')))}`;
}

/**
 * Compiles c/kernels.c once per instruction set of `arch`, then the threads and the binding, and links `folder`/addon.node.
 * @param command the compiler and its first arguments
 * @param link    the arguments with which a shared library is linked
 * @param more    further arguments for one of the sources
 */
export function compileAddon({ command, arch, link, folder, more = () => [] }) {
  const objects = [];
  const run = (args, what) => {
    const { status } = spawnSync(command[0], [...command.slice(1), ...args], { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new NotBuilt(`${command.join(' ')} failed on ${what}`);
  };
  const object = (name, file, args) => {
    const out = join(folder, `${name}.o`);
    run([...FLAGS, ...args, ...more(file), '-c', '-o', out, file], file);
    objects.push(out);
  };
  for (const [name, width, flags] of variantsOf(arch))
    object(`kernels-${name}`, 'kernels.c', [`-DVARIANT=${name}`, `-DVW=${width}`, ...flags]);
  object('threads', 'threads.c', []);
  object('binding', 'binding.c', [`-I${findHeaders()}`, '-DNAPI_VERSION=8', `-DFT_LAYOUT="${digest()}"`]);
  const addon = join(folder, 'addon.node');
  run([...link, '-pthread', '-o', addon, ...objects, '-lm'], 'linking');
  return addon;
}
