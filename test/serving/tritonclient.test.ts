/**
 * NVIDIA's own Python client, every call of it, against the built server (clients.py holds the calls). Needs a Python with
 * requirements.txt, named by SERVING_PYTHON; .ci/run makes one.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startServer } from './server.ts';

const python = process.env.SERVING_PYTHON;
const clients = fileURLToPath(new URL('clients.py', import.meta.url));

const title = python ? 'tritonclient' : 'tritonclient (skipped: SERVING_PYTHON names no Python that has it)';

describe.skipIf(!python)(title, () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer(['--model-control-mode', 'explicit', '--load-model', '*', '--log-level', 'info']);
  });
  afterAll(() => server?.stop());

  it.each(['http', 'http-aio', 'grpc', 'health', 'grpc-async', 'grpc-aio'])('%s: every call', { timeout: 300_000 }, async (group) => {
    const run = promisify(execFile)(python!, [clients, group, String(server.http), String(server.grpc)]);
    // The end of Python's traceback says which call it was.
    const said = await run.catch(({ stderr }: { stderr: string }) => ({ stdout: stderr }));
    expect(said.stdout).toContain(`${group}: all calls hold`);
  });
});
