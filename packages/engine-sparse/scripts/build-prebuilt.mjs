/**
 * Builds the addons that the published package carries in prebuilds/, all of them from any one machine: zig is clang with the C libraries
 * of every platform. Run before a release; nobody who installs the package runs it.
 *
 *   node scripts/build-prebuilt.mjs [--target linux-arm64] [--target ...] [--out FOLDER]      zig: pip install ziglang==0.17.1
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileAddon, NotBuilt, root } from './addon.mjs';

/** One version and no time of day in the files, so that the same sources give the same bytes on any machine and day. */
const ZIG = '0.17.1';
process.env.SOURCE_DATE_EPOCH = '0';

// glibc 2.17 (2014) is older than what any Node 20 runs on; macOS 11 is the oldest of Node 22.
const macos = ['-shared', '-undefined', 'dynamic_lookup', '-install_name', '@rpath/kernels.node'];
const TARGETS = {
  'linux-x64': { triple: 'x86_64-linux-gnu.2.17', link: ['-shared'] },
  'linux-x64-musl': { triple: 'x86_64-linux-musl', link: ['-shared'] },
  'linux-arm64': { triple: 'aarch64-linux-gnu.2.17', link: ['-shared'] },
  'linux-arm64-musl': { triple: 'aarch64-linux-musl', link: ['-shared'] },
  'darwin-x64': { triple: 'x86_64-macos.11.0', link: macos },
  'darwin-arm64': { triple: 'aarch64-macos.11.0', link: macos },
  'win32-x64': { triple: 'x86_64-windows-gnu', link: ['-shared'] },
};

/** How zig is called, in words: what the environment variable ZIG says, `zig`, or the one in Python's package ziglang. */
function findZig() {
  const candidates = process.env.ZIG ? [process.env.ZIG] : ['zig', 'python3 -m ziglang'];
  const found = [];
  for (const candidate of candidates) {
    const words = candidate.trim().split(/\s+/);
    const { status, stdout } = spawnSync(words[0], [...words.slice(1), 'version'], { encoding: 'utf8' });
    if (status === 0 && stdout.trim() === ZIG) return words;
    if (status === 0) found.push(stdout.trim());
  }
  const what = found.length > 0 ? `only version ${found.join(', ')}` : 'none';
  throw new NotBuilt(`zig ${ZIG} is needed, and ${what} was found (pip install ziglang==${ZIG}, or name its command in ZIG)`);
}

/** The functions of Node-API as a library to link with: on Windows an addon names the program that it takes them from. */
function importLibrary(zig, folder) {
  const { def_paths: definitions } = createRequire(import.meta.url)('node-api-headers');
  return Object.entries(definitions).map(([name, definition]) => {
    const library = join(folder, `${name}.lib`);
    const { status } = spawnSync(zig[0], [...zig.slice(1), 'dlltool', '-m', 'i386:x86-64', '-d', definition, '-l', library], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new NotBuilt(`zig dlltool failed on ${definition}`);
    return library;
  });
}

/** The licences of the MinGW-w64 runtime and its threads, parts of which the Windows addon contains. */
function mingwLicences(zig) {
  const { stdout } = spawnSync(zig[0], [...zig.slice(1), 'env'], { encoding: 'utf8' });
  const mingw = join(/\.lib_dir = "([^"]+)"/.exec(stdout)[1], 'libc', 'mingw');
  const firstComment = readFileSync(join(mingw, 'winpthreads', 'thread.c'), 'utf8').split('*/')[0];
  return `${readFileSync(join(mingw, 'COPYING'), 'utf8')}\n\nwinpthreads:\n\n${firstComment}*/\n`;
}

function build(zig, name, out) {
  const { triple, link } = TARGETS[name];
  const folder = mkdtempSync(join(tmpdir(), 'prebuilt-'));
  try {
    const libraries = name.startsWith('win32') ? importLibrary(zig, folder) : [];
    const command = [...zig, 'cc', '-target', triple];
    const addon = compileAddon({ command, arch: name.split('-')[1], link: [...link, '-s', ...libraries], folder });
    copyFileSync(addon, join(out, `kernels-${name}.node`));
    if (name.startsWith('win32')) writeFileSync(join(out, `kernels-${name}.licences.txt`), mingwLicences(zig));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main() {
  const { values } = parseArgs({ options: { target: { type: 'string', multiple: true }, out: { type: 'string' } } });
  const names = values.target ?? Object.keys(TARGETS);
  const unknown = names.find((name) => !(name in TARGETS));
  if (unknown) throw new NotBuilt(`--target: expected one of ${Object.keys(TARGETS).join(', ')}, received ${unknown}`);
  const out = values.out ?? join(root, 'prebuilds');
  const zig = findZig();
  if (!values.target && !values.out) rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const name of names) {
    build(zig, name, out);
    console.log(`${join(out, `kernels-${name}.node`)}  ${readFileSync(join(out, `kernels-${name}.node`)).length} bytes`);
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error;
  console.error(`build-prebuilt: ${error.message}`);
  process.exitCode = 1;
}
