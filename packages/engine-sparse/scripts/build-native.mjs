/**
 * Builds the native kernels for this machine with the system's C compiler, if there is one. No node-gyp (it needs Python and downloads
 * headers): the headers come from the npm package node-api-headers. Where that cannot be done it says why in one sentence and ends well:
 * the engine then falls back, and says so. An addon of other sources is never left behind. Processes may build at the same time: each
 * works in a folder of its own and moves the result into place.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileAddon, FLAGS, hashSources, NotBuilt, root, variantsOf } from './addon.mjs';

const build = join(root, 'build');
const addon = join(build, `kernels-${process.platform}-${process.arch}.node`);
const stamp = `${addon}.stamp`;

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

/** Sources and flags in one hash. */
const fingerprint = () =>
  hashSources(createHash('sha256').update(JSON.stringify([FLAGS, variantsOf(process.arch), process.platform]))).digest('hex');

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

function buildAddon(sources) {
  if (process.platform === 'win32') throw new NotBuilt('they need POSIX threads, which Windows does not have');
  const { words, version } = findCompiler();
  const compiler = [...words, version].join(' ');
  const { sources: builtFrom, compiler: builtBy } = present();
  if (builtFrom === sources && builtBy === compiler) return;
  mkdirSync(build, { recursive: true });
  const folder = mkdtempSync(join(build, 'tmp-'));
  try {
    const link = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
    const built = compileAddon({ command: words, arch: process.arch, link, folder });
    writeFileSync(join(folder, 'stamp'), JSON.stringify({ sources, compiler }));
    rmSync(stamp, { force: true }); // an addon without a stamp is built again, should this process end between the two moves
    renameSync(built, addon);
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
    `engine-sparse: the native kernels were not built: ${error.message}; ${usable ? 'those of an earlier build are used' : 'the engine runs without them, more slowly'}.`,
  );
}
