/**
 * Builds the native kernels with the system's C compiler, if there is one: c/kernels.c once per instruction set of this processor's
 * family, then the addon. No node-gyp (it needs Python and downloads headers): the headers come from the npm package node-api-headers.
 * Without a compiler it says so and ends well; the engine then falls back and says what it fell back to.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'c');
const build = join(root, 'build');
const addon = join(build, `kernels-${process.platform}-${process.arch}.node`);

const COMMON = ['-O3', '-std=gnu11', '-fPIC', '-ffp-contract=fast', '-fno-math-errno', '-Wall', '-Wextra', '-pthread', '-fvisibility=hidden'];
const VARIANTS = {
  x64: [
    ['avx512', 16, ['-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw', '-mfma', '-mprefer-vector-width=512']],
    ['avx2', 8, ['-mavx2', '-mfma']],
    ['baseline', 4, []],
  ],
}[process.arch] ?? [['baseline', 4, []]];

function compilerVersion(command) {
  const result = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.split('\n')[0] : undefined;
}

function headers() {
  return createRequire(import.meta.url)('node-api-headers').include_dir;
}

/** Sources, flags and compiler in one hash: nothing is compiled twice. */
function fingerprint(version) {
  const hash = createHash('sha256').update(JSON.stringify([version, COMMON, VARIANTS, process.platform]));
  for (const file of readdirSync(source).sort()) hash.update(file).update(readFileSync(join(source, file)));
  return hash.digest('hex');
}

function compile(command) {
  const objects = [];
  const object = (name, args) => {
    const out = join(build, `${name}.o`);
    execFileSync(command, [...COMMON, ...args, '-c', '-o', out], { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] });
    objects.push(out);
  };
  for (const [name, width, flags] of VARIANTS) object(`kernels-${name}`, [`-DVARIANT=${name}`, `-DVW=${width}`, ...flags, 'kernels.c']);
  object('threads', ['threads.c']);
  object('binding', [`-I${headers()}`, '-DNAPI_VERSION=8', 'binding.c']);
  const link = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  execFileSync(command, [...link, '-pthread', '-o', `${addon}.tmp`, ...objects, '-lm'], { stdio: ['ignore', 'inherit', 'inherit'] });
  renameSync(`${addon}.tmp`, addon);
  for (const file of objects) rmSync(file);
}

const command = [process.env.CC, 'cc', 'gcc', 'clang'].find((name) => name && compilerVersion(name));
if (process.platform === 'win32' || !command) {
  const why = command ? 'the native kernels need POSIX threads' : 'no C compiler was found (looked for $CC, cc, gcc, clang)';
  console.error(`engine-sparse: native kernels are not built: ${why}.`);
} else {
  mkdirSync(build, { recursive: true });
  const stamp = `${addon}.stamp`;
  const wanted = fingerprint(compilerVersion(command));
  const read = (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  if (read(stamp) !== wanted || !readdirSync(build).includes(addon.slice(build.length + 1))) {
    compile(command);
    writeFileSync(stamp, wanted);
  }
}
