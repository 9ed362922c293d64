/**
 * Writes src/pins.ts: the exact files that are installed, with the hashes under which PyPI and npm publish them. To move to another version,
 * change it here, run `node scripts/write-pins.mjs`, then scripts/check-tensorflow.mjs and a session on CUDA; docs/runtimes.md says what was seen.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/** PyPI: version, and where a version has many wheels for Linux on x86-64, which one. The CUDA 12 libraries are one release (12.8), as are those of CUDA 13 (13.0). */
const WHEELS = {
  'tensorflow-cpu': ['2.21.0', 'cp311'],
  tensorflow: ['2.21.0', 'cp311'],
  'onnxruntime-gpu': ['1.30.0', 'cp311'],
  'nvidia-cuda-runtime-cu12': ['12.8.90'],
  'nvidia-nvjitlink-cu12': ['12.8.93'],
  'nvidia-cuda-nvrtc-cu12': ['12.8.93'],
  'nvidia-cublas-cu12': ['12.8.4.1'],
  'nvidia-cufft-cu12': ['11.3.3.83'],
  'nvidia-cusparse-cu12': ['12.5.8.93'],
  'nvidia-cusolver-cu12': ['11.7.3.90'],
  'nvidia-cudnn-cu12': ['9.10.2.21'],
  'nvidia-cuda-runtime': ['13.0.96'],
  'nvidia-nvjitlink': ['13.0.88'],
  'nvidia-cuda-nvrtc': ['13.0.88'],
  'nvidia-cublas': ['13.1.1.3'],
  'nvidia-cufft': ['12.0.0.61'],
  'nvidia-curand': ['10.4.0.35'],
  'nvidia-cudnn-cu13': ['9.24.0.43'],
};

/** npm: what tfjs-node needs at run time, and onnxruntime-node of the version of its provider. */
const TARBALLS = {
  '@tensorflow/tfjs': '4.22.0',
  '@tensorflow/tfjs-core': '4.22.0',
  '@tensorflow/tfjs-layers': '4.22.0',
  '@tensorflow/tfjs-converter': '4.22.0',
  '@tensorflow/tfjs-data': '4.22.0',
  '@tensorflow/tfjs-backend-cpu': '4.22.0',
  '@tensorflow/tfjs-backend-webgl': '4.22.0',
  '@tensorflow/tfjs-node-gpu': '4.22.0',
  'google-protobuf': '3.21.4',
  long: '4.0.0',
  progress: '2.0.3',
  seedrandom: '3.0.5',
  'onnxruntime-common': '1.30.0',
  'onnxruntime-node': '1.30.0',
};

async function get(url, headers = {}) {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

async function wheel(name, [version, python = 'py3']) {
  const { files } = await (await get(`https://pypi.org/simple/${name}/`, { Accept: 'application/vnd.pypi.simple.v1+json' })).json();
  const start = `${name.replaceAll('-', '_')}-${version}-${python}-`;
  const found = files.filter(({ filename }) => filename.startsWith(start) && /manylinux[\w.]*_x86_64\.whl$/.test(filename));
  if (found.length !== 1) throw new Error(`${start}: ${found.length} wheels`);
  const [{ filename, hashes, size }] = found;
  return { from: 'pypi', name, version, file: filename, sha256: hashes.sha256, sizeBytes: size };
}

/** npm publishes sha512; the file is fetched once, checked against that, and pinned by its sha256 like the wheels. */
async function tarball(name, version) {
  const { dist } = await (await get(`https://registry.npmjs.org/${name}/${version}`)).json();
  const bytes = Buffer.from(await (await get(dist.tarball)).arrayBuffer());
  const hash = (algorithm, encoding) => createHash(algorithm).update(bytes).digest(encoding);
  if (`sha512-${hash('sha512', 'base64')}` !== dist.integrity) throw new Error(`${name}: not what npm published`);
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`; // as `npm pack` calls it
  return { from: 'npm', name, version, file, sha256: hash('sha256', 'hex'), sizeBytes: bytes.length };
}

const pins = [];
for (const [name, which] of Object.entries(WHEELS)) pins.push(await wheel(name, which));
for (const [name, version] of Object.entries(TARBALLS)) pins.push(await tarball(name, version));

const entry = ({ name, ...pin }) => {
  const fields = Object.entries({ name, ...pin }).map(([key, value]) => `    ${key}: ${typeof value === 'string' ? `'${value}'` : value},`);
  return `  ${/^\w+$/.test(name) ? name : `'${name}'`}: {\n${fields.join('\n')}\n  },`;
};
writeFileSync(
  new URL('../src/pins.ts', import.meta.url),
  `/** The exact files that are installed. Written by scripts/write-pins.mjs; versions are changed there. */
import type { Pin } from './pin.ts';

export const PINS = {
${pins.map(entry).join('\n')}
} as const satisfies Readonly<Record<string, Pin>>;
`,
);
