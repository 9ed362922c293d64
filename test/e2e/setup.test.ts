/** `setup` and `doctor` as a script sees them: what they refuse, what they say, and how they end. The large downloads are tried by scripts. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run, start, temporary } from './command.ts';

/** Whether files are pinned for this machine; elsewhere setup says so before anything else. */
const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
const pinned = process.platform === 'linux' && process.arch === 'x64' && Number(header.glibcVersionRuntime) >= 2.28;

describe('setup', () => {
  it.each([
    [['setup', 'onnxruntime-cuda', '--cuda'], /--cuda: expected it with tensorflow only/],
    [['setup', 'tensorflow', '--from', 'a', '--download', 'b'], /--download: expected it without --from/],
    [['setup', 'pytorch'], /^error: RUNTIME: expected tensorflow or onnxruntime-cuda, received "pytorch"\n$/],
    [['setup', 'tensorflw'], /^error: RUNTIME: .*, received "tensorflw"\. Did you mean tensorflow\?\n$/],
  ])('refuses %j', async (args, reason) => {
    const cache = temporary();
    expect(await run(args, { FREETICKETS_CACHE: cache })).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(reason) });
    expect(readdirSync(cache)).toEqual([]);
  });

  it.runIf(pinned)('says what it is going to do and which file it lacks, and leaves the cache without a runtime', async () => {
    const [cache, wheels] = [temporary(), temporary()];
    const { code, stdout, stderr } = await run(['setup', 'onnxruntime-cuda', '--from', wheels], { FREETICKETS_CACHE: cache });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^onnxruntime-cuda \(onnxruntime 1\.30\.0, cuda 13\): downloads nothing; needs about \d\.\d GB in /);
    expect(stderr).toMatch(
      /onnxruntime_gpu-1\.30\.0-\S+\.whl: expected this file, received nothing\. See: pip download --no-deps onnxruntime-gpu==1\.30\.0/,
    );
    expect(readdirSync(join(cache, 'runtimes'))).toEqual([]);
  });

  it.runIf(pinned)('needs a compiler for TensorFlow, and says so before it fetches anything', async () => {
    const cache = temporary();
    const { code, stderr } = await run(['setup', 'tensorflow'], { FREETICKETS_CACHE: cache, CXX: 'no-such-compiler' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/downloads 329 MB in 13 files/);
    expect(stderr).toMatch(/no-such-compiler: expected a C\+\+ compiler and its tools, received none\. Install g\+\+/);
    expect(readdirSync(cache)).toEqual([]);
  });
});

describe.runIf(pinned)('a setup behind a proxy that is gone', () => {
  it('says what it tries and why that failed, and ends with what was asked and what to set', async () => {
    const cache = temporary();
    const nowhere = { HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: '', NO_PROXY: '', no_proxy: '' };
    const pip = { PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: 'https://index.invalid/simple', PIP_FIND_LINKS: '', PIP_RETRIES: '0' };
    const { code, stdout, stderr } = await run(['setup', 'onnxruntime-cuda'], { FREETICKETS_CACHE: cache, ...nowhere, ...pip });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n').slice(1);
    const at = 'https://index.invalid/simple/onnxruntime-gpu/';
    const refused = `${at}: connect ECONNREFUSED 127.0.0.1:9; `;
    expect(lines.slice(0, 2)).toEqual([`${refused}trying again (2 of 3)`, `${refused}trying again (3 of 3)`]);
    expect(lines[2]).toContain(`${refused}asking pip, which may know another way`);
    expect(lines[3]).toMatch(/^pip has not got it: ./);
    expect(lines.slice(4)).toEqual([expect.stringContaining(`error: ${at}: expected onnxruntime_gpu-`)]);
    expect(lines[4]).toMatch(/Set PIP_INDEX_URL to .* or HTTPS_PROXY \(now http:\/\/127\.0\.0\.1:9\/\) to its proxy, and run it again/);
  });
});

describe.runIf(pinned)('a setup that is interrupted', () => {
  it('ends with 130, says what is kept, and leaves no runtime', async () => {
    const silent = createServer(); // takes connections and never answers
    const asked = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const cache = temporary();
    const index = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/simple`;
    const setup = start(['setup', 'onnxruntime-cuda'], { FREETICKETS_CACHE: cache, PIP_INDEX_URL: index });
    await asked;
    const { code, stdout, stderr } = await setup.kill('SIGINT');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/stopped: downloads are kept to be gone on with, and nothing else has changed\n$/);
    expect(readdirSync(join(cache, 'runtimes'))).toEqual(['downloads']);
  });
});

describe('doctor', () => {
  it('takes a runtime that nobody installed for no problem, and names the command that installs it', async () => {
    const { code, stdout } = await run(['doctor'], { FREETICKETS_CACHE: temporary() });
    expect(stdout).toMatch(/^tensorflow +not installed; .*freetickets setup tensorflow/m);
    expect(stdout).toMatch(/^onnxruntime-cuda +not installed; .*freetickets setup onnxruntime-cuda/m);
    expect(stdout).toMatch(/^onnxruntime-node +loads .*providers: cpu/m);
    expect(code).toBe(/^problem:/m.test(stdout) ? 1 : 0);
  });

  it('ends with 1 for one that is damaged, with the command that mends it', async () => {
    const cache = temporary();
    const about = { tensorflow: '2.21.0', tfjs: '4.22.0', cuda: true };
    const manifest = { name: 'tensorflow', id: '0', about, preload: [], files: { 'lib/libtensorflow_cc.so.2': 1 } };
    mkdirSync(join(cache, 'runtimes'));
    writeFileSync(join(cache, 'runtimes/tensorflow.json'), JSON.stringify(manifest));
    const { code, stdout } = await run(['doctor', '--json'], { FREETICKETS_CACHE: cache });
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as { problems: object[] }).problems).toContainEqual({
      problem: `tensorflow is damaged: ${join(cache, 'runtimes/tensorflow-0/lib/libtensorflow_cc.so.2')} is gone`,
      remedy: 'freetickets setup tensorflow --cuda',
    });
  });
});
