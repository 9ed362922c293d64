/**
 * Compiles the kernels to WebAssembly with SIMD: c/kernels.c with vectors of four floats, and c/wasm.c. The compiler is LLVM from npm
 * (@yowasp/clang, itself WebAssembly), so every machine with Node makes the same bytes. They are written as base64 into a module,
 * wasm/kernels.js: Node, bundlers and browsers load that as they load code, with no file to find, to serve or to configure.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'wasm', 'kernels.js');

const STACK_BYTES = 64 * 1024;
const FLAGS = [
  ...['--target=wasm32-wasip1', '-O3', '-std=gnu11', '-ffp-contract=fast', '-fno-math-errno', '-Wall', '-Wextra'],
  // Relaxed SIMD, whose multiply-add may round once, gained 3 % on WRN-16-2 in Node 24, is missing in Node 20, and its bits depend on the processor.
  ...['-msimd128', '-mbulk-memory', '-DVARIANT=wasm', '-DVW=4'],
  // Nothing of a C library but its headers: what is missing fails to link. The memory is JavaScript's, sized to each session's plan.
  ...['-nostdlib', '-Wl,--no-entry', '-Wl,--import-memory', '-Wl,--export=__heap_base', '-Wl,--strip-all'],
  ...[`-Wl,-z,stack-size=${STACK_BYTES}`, '-Wl,--stack-first'],
];

/** The C files that the compiler may read, by name. */
function readSources() {
  const files = readdirSync(join(root, 'c')).filter((file) => file.endsWith('.h') || ['kernels.c', 'wasm.c'].includes(file));
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(join(root, 'c', file), 'utf8')]));
}

/** Of everything that the bytes depend on. */
function fingerprint(sources) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const compiler = devDependencies['@yowasp/clang'];
  return createHash('sha256')
    .update(JSON.stringify([FLAGS, compiler, sources]))
    .digest('hex');
}

async function compile(sources) {
  const { runClang } = await import('@yowasp/clang');
  const args = ['clang', ...FLAGS, 'kernels.c', 'wasm.c', '-o', 'kernels.wasm'];
  await runClang(null, {}, { fetchProgress: () => {} }); // loads the compiler, without a word
  const files = await runClang(args, sources, { stderr: (bytes) => bytes && process.stderr.write(bytes) });
  return files['kernels.wasm'];
}

/** Whole or not at all: processes may build at the same time. */
function write(text) {
  const temporary = `${target}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, target);
}

/** The first line of what was built, which names its sources. */
function firstLine() {
  try {
    return readFileSync(target, 'utf8').split('\n', 1)[0];
  } catch {
    return undefined;
  }
}

const sources = readSources();
const head = `// Made by scripts/build-wasm.mjs from sources and flags ${fingerprint(sources)}`;
if (firstLine() !== head) {
  try {
    const bytes = await compile(sources);
    write(`${head}\nexport const kernels =\n  '${Buffer.from(bytes).toString('base64')}';\n`);
  } catch (error) {
    rmSync(target, { force: true }); // it is of other sources
    console.error(`engine-sparse: the WebAssembly kernels were not built: ${error.message.split('\n', 1)[0]}.`);
    process.exitCode = 1;
  }
}
