/**
 * Loads the installed CUDA provider of onnxruntime on a machine without a GPU, as far as that goes: with a stub of the driver, made by the C
 * compiler, all libraries have to load, and the first call of CUDA has to fail. With a real driver a session has to open. Needs a build and an
 * installation (`freetickets setup onnxruntime-cuda`). Usage: node scripts/check-onnxruntime.mjs MODEL.onnx
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadOnnxruntime, onnxruntimeStatus } from '../dist/index.js';

/** What the provider calls of the driver, and what CUDA asks first; 100 is CUDA_ERROR_NO_DEVICE. */
const STUB = `
int cuInit(unsigned flags) { return 100; }
int cuDriverGetVersion(int* version) { *version = 0; return 0; }
int cuTensorMapEncodeTiled(void) { return 100; }
`;

async function openSession(model) {
  const ort = await loadOnnxruntime({ cuda: true });
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cuda'] });
  console.log(`a session on CUDA opened; inputs: ${session.inputNames.join(', ')}`);
}

/** The same script again: the loader reads LD_LIBRARY_PATH, where it finds the stub, only when a process starts. */
function withStub(model) {
  const folder = mkdtempSync(join(tmpdir(), 'stub-'));
  try {
    writeFileSync(join(folder, 'stub.c'), STUB);
    execFileSync('cc', ['-shared', '-fPIC', '-Wl,-soname,libcuda.so.1', '-o', 'libcuda.so.1', 'stub.c'], { cwd: folder });
    const env = { ...process.env, LD_LIBRARY_PATH: folder };
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), model], { env, encoding: 'utf8', stdio: 'pipe' });
    return 'a session opened';
  } catch (error) {
    return `${error.stdout ?? ''}${error.stderr ?? ''}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [model] = process.argv.slice(2);
const { folder, installed, problem, driver } = await onnxruntimeStatus();
if (!installed) throw new Error(problem);
if (driver.library !== undefined) await openSession(model);
else {
  const refused = await loadOnnxruntime({ cuda: true }).catch((error) => error);
  console.log(`without a driver: ${refused.message}`);
  const said = withStub(model);
  const failure = /CUDA failure \d+: [^;]*/.exec(said)?.[0];
  console.log(`with a stub of the driver: ${failure ?? said}`);
  console.log(folder);
  process.exitCode = failure === undefined ? 1 : 0;
}
