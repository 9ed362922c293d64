/** Tries an installation in a process of its own, so that neither a crash nor a loaded library gets into this one. */
import { join } from 'node:path';
import { PRELOAD_FLAGS } from './preload.node.ts';
import { run } from './run.node.ts';

/**
 * @param code JavaScript; `load` requires from the installation, and after `preload(paths)` those libraries are loaded
 * @throws Error with what the process said last
 */
export async function checkInChild(folder: string, code: string): Promise<void> {
  const script = `
    const load = require('node:module').createRequire(${JSON.stringify(join(folder, 'check.cjs'))});
    const preload = (paths) => paths.forEach((path) => {
      try { process.dlopen({ exports: {} }, require('node:path').resolve(${JSON.stringify(folder)}, path), ${PRELOAD_FLAGS}); }
      catch (error) { if (!/did not self-register/.test(error.message)) throw error; }
    });
    ${code}`;
  await run(process.execPath, ['-e', script], { env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', TF_CPP_MIN_LOG_LEVEL: '3' } });
}
