/** Makes a folder that runs the GPU benchmark on a machine with Linux on x86-64 and an NVIDIA GPU, without Node and without a network: see README.md. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';
import { pruneFatbin } from '../dist/prune-fatbin.js';

const HELP = `node tooling/bench/gpu/pack.mjs --out DIR [options]: after \`pnpm build\`.

  --out DIR        for the parts; has to be new
  --provider DIR   with libonnxruntime_providers_cuda.so and _shared.so, of onnxruntime-gpu in the version of onnxruntime-node
                   (freetickets setup onnxruntime-cuda brings them); without it the package runs on the CPU only
  --arch N         of the GPU whose code is kept, 90 for H100 and H200 (default 90; 0 keeps all)
  --part-mib N     largest part (default 48)`;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    provider: { type: 'string' },
    arch: { type: 'string', default: '90' },
    'part-mib': { type: 'string', default: '48' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help || values.out === undefined) {
  process.stdout.write(`${HELP}\n`);
  process.exit(values.help ? 0 : 2);
}

const bench = fileURLToPath(new URL('..', import.meta.url));
const out = resolve(values.out);
if (existsSync(out)) throw new Error(`${out}: expected a new folder, received one that is there`);
const tree = join(out, 'freetickets-gpu');
mkdirSync(join(tree, 'node_modules'), { recursive: true });

await bundle();
packOnnxruntime();
copyFileSync(process.execPath, join(tree, 'node'));
chmodSync(join(tree, 'node'), 0o755);
mkdirSync(join(tree, 'peers'));
for (const file of readdirSync(join(bench, 'peers')).filter((name) => name.endsWith('.py')))
  copyFileSync(join(bench, 'peers', file), join(tree, 'peers', file));
copyFileSync(join(bench, 'gpu/run.sh'), join(out, 'run.sh'));
writeFileSync(join(tree, 'package.json'), '{ "type": "module" }\n');
const names = compress();
for (const name of [...names, 'run.sh']) process.stdout.write(`${name}  ${(statSync(join(out, name)).size / 2 ** 20).toFixed(1)} MiB\n`);

/** The benchmark and its side in onnxruntime, each with the packages that it uses, in one file or two. */
async function bundle() {
  const build = await rolldown({
    input: { gpu: join(bench, 'dist/gpu.js'), 'sides/onnxruntime': join(bench, 'dist/sides/onnxruntime.js') },
    platform: 'node',
    external: ['onnxruntime-node', '@freetickets/inference'],
  });
  await build.write({ dir: join(tree, 'dist'), format: 'esm', chunkFileNames: '[name].js' });
}

function packOnnxruntime() {
  const found = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const common = join(dirname(realpathSync(found)), 'onnxruntime-common');
  const place = join(tree, 'node_modules/onnxruntime-node');
  const binaries = 'bin/napi-v6/linux/x64';
  for (const part of ['package.json', 'dist', binaries])
    cpSync(join(found, part), join(place, part), { recursive: true, dereference: true });
  for (const part of ['package.json', 'dist/cjs'])
    cpSync(join(common, part), join(tree, 'node_modules/onnxruntime-common', part), { recursive: true, dereference: true });
  if (values.provider === undefined) return;
  for (const name of ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'])
    copyFileSync(join(values.provider, name), join(place, binaries, name));
  if (values.arch === '0') return;
  const path = join(place, binaries, 'libonnxruntime_providers_cuda.so');
  const library = readFileSync(path);
  const { kept, blanked } = pruneFatbin(library, Number(values.arch));
  writeFileSync(path, library);
  process.stdout.write(
    `code for sm_${values.arch}: ${(kept / 2 ** 20).toFixed(0)} MiB; for others, blanked: ${(blanked / 2 ** 20).toFixed(0)} MiB\n`,
  );
}

/** One archive, cut into parts. */
function compress() {
  const archive = join(out, 'pack.tar.xz');
  execFileSync('tar', ['--create', '--use-compress-program', 'xz -6', '--file', archive, '--directory', out, basename(tree)]);
  execFileSync('split', ['--bytes', `${values['part-mib']}M`, '--numeric-suffixes', archive, `${archive}.`]);
  rmSync(archive);
  rmSync(tree, { recursive: true });
  return readdirSync(out).filter((name) => name.startsWith('pack.tar.xz.'));
}
