/**
 * Compiles the kernels to WebAssembly with SIMD: c/kernels.c with vectors of four floats, and c/wasm.c. The compiler is LLVM from npm
 * (@yowasp/clang, itself WebAssembly), so every machine with Node makes the same bytes. They are written as base64 into modules,
 * wasm/plain.js and, with fused multiply-adds, wasm/relaxed.js: Node, bundlers and browsers load the one that they can run as they load
 * code, with no file to find, to serve or to configure.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Flags of each variant. The bits of relaxed SIMD depend on the processor, and older platforms refuse it: Node 20, for one. */
const VARIANTS = { plain: [], relaxed: ['-mrelaxed-simd'] };
const targetOf = (variant) => join(root, 'wasm', `${variant}.js`);

const STACK_BYTES = 64 * 1024;
const FLAGS = [
  ...['--target=wasm32-wasip1', '-O3', '-std=gnu11', '-ffp-contract=fast', '-fno-math-errno', '-Wall', '-Wextra'],
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
function fingerprint(sources, flags) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const compiler = devDependencies['@yowasp/clang'];
  return createHash('sha256')
    .update(JSON.stringify([flags, compiler, sources]))
    .digest('hex');
}

async function compile(sources, flags) {
  const { runClang } = await import('@yowasp/clang');
  const args = ['clang', ...flags, 'kernels.c', 'wasm.c', '-o', 'kernels.wasm'];
  await runClang(null, {}, { fetchProgress: () => {} }); // loads the compiler, without a word
  const files = await runClang(args, sources, { stderr: (bytes) => bytes && process.stderr.write(bytes) });
  return files['kernels.wasm'];
}

/** Whole or not at all: processes may build at the same time. */
function write(target, text) {
  const temporary = `${target}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, target);
}

/** The first line of what was built, which names its sources. */
function firstLine(target) {
  try {
    return readFileSync(target, 'utf8').split('\n', 1)[0];
  } catch {
    return undefined;
  }
}

async function build(target, sources, flags) {
  const head = `// Made by scripts/build-wasm.mjs from sources and flags ${fingerprint(sources, flags)}`;
  if (firstLine(target) === head) return;
  rmSync(target, { force: true }); // it is of other sources
  const bytes = await compile(sources, flags);
  write(target, `${head}\nexport const kernels =\n  '${Buffer.from(bytes).toString('base64')}';\n`);
}

const sources = readSources();
try {
  for (const [variant, flags] of Object.entries(VARIANTS)) await build(targetOf(variant), sources, [...FLAGS, ...flags]);
} catch (error) {
  for (const variant of Object.keys(VARIANTS)) rmSync(targetOf(variant), { force: true });
  console.error(`engine-sparse: the WebAssembly kernels were not built: ${error.message.split('\n', 1)[0]}.`);
  process.exitCode = 1;
}
