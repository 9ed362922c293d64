/**
 * Builds the native kernels with the system's C compiler, if there is one: c/kernels.c once per instruction set of this processor's
 * family, then the addon. No node-gyp (it needs Python and downloads headers): the headers come from the npm package node-api-headers.
 * Where that cannot be done it says why in one sentence and ends well: the engine then falls back, and says so. An addon of other sources
 * is never left behind. Processes may build at the same time: each works in a folder of its own and moves the result into place.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'c');
const build = join(root, 'build');
const addon = join(build, `kernels-${process.platform}-${process.arch}.node`);
const stamp = `${addon}.stamp`;

const COMMON = [
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
}[process.arch] ?? [['baseline', 4, []]];

/** A reason not to build, in words that end a sentence. */
class NotBuilt extends Error {}

/** The compiler's command, in words: CC may be "ccache gcc". */
function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  for (const command of candidates) {
    const words = command.trim().split(/\s+/);
    const { status, stdout } = spawnSync(words[0], [...words.slice(1), '--version'], { encoding: 'utf8' });
    if (status === 0) return { words, version: stdout.split('\n')[0] };
  }
  throw new NotBuilt(`no C compiler was found (looked for ${process.env.CC ? `CC=${process.env.CC}` : candidates.join(', ')})`);
}

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

/** The addon carries a digest of the operations' layout, by which the engine refuses an addon of other sources. */
const layoutOf = (header) => createHash('sha256').update(readFileSync(header)).digest('hex').slice(0, 16);

/** Sources and flags in one hash. */
function fingerprint() {
  const hash = createHash('sha256').update(JSON.stringify([COMMON, VARIANTS, process.platform]));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  return hash.digest('hex');
}

/** What the addon that is there was made of; nothing if there is none. */
function present() {
  try {
    return existsSync(addon) ? JSON.parse(readFileSync(stamp, 'utf8')) : {};
  } catch {
    return {};
  }
}

function removeAddon() {
  rmSync(stamp, { force: true });
  rmSync(addon, { force: true });
}

/** Compiles in `folder`; the result is its addon.node. */
function compile(words, folder) {
  const objects = [];
  const run = (args, what) => {
    const { status } = spawnSync(words[0], [...words.slice(1), ...args], { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new NotBuilt(`${words.join(' ')} failed on ${what}`);
  };
  const object = (name, file, args) => {
    const out = join(folder, `${name}.o`);
    run([...COMMON, ...args, '-c', '-o', out, file], file);
    objects.push(out);
  };
  for (const [name, width, flags] of VARIANTS) object(`kernels-${name}`, 'kernels.c', [`-DVARIANT=${name}`, `-DVW=${width}`, ...flags]);
  object('threads', 'threads.c', []);
  object('binding', 'binding.c', [`-I${findHeaders()}`, '-DNAPI_VERSION=8', `-DFT_LAYOUT="${layoutOf(join(source, 'ops.h'))}"`]);
  const link = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  run([...link, '-pthread', '-o', join(folder, 'addon.node'), ...objects, '-lm'], 'linking');
}

function buildAddon(sources) {
  if (process.platform === 'win32') throw new NotBuilt('they need POSIX threads, which Windows does not have');
  const { words, version } = findCompiler();
  const compiler = [...words, version].join(' ');
  const { sources: builtFrom, compiler: builtBy } = present();
  if (builtFrom === sources && builtBy === compiler) return;
  mkdirSync(build, { recursive: true });
  const folder = mkdtempSync(join(build, 'tmp-'));
  try {
    compile(words, folder);
    writeFileSync(join(folder, 'stamp'), JSON.stringify({ sources, compiler }));
    rmSync(stamp, { force: true }); // an addon without a stamp is built again, should this process end between the two moves
    renameSync(join(folder, 'addon.node'), addon);
    renameSync(join(folder, 'stamp'), stamp);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sources = fingerprint();
try {
  buildAddon(sources);
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  const usable = present().sources === sources;
  if (!usable) removeAddon();
  console.error(
    `engine-sparse: the native kernels were not built: ${error.message}; ${usable ? 'those of an earlier build are used' : 'the engine falls back to plain JavaScript'}.`,
  );
}
