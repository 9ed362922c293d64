/** Members as tasks without a scheduler: by processes here, by ssh, and what is said where things do not go together. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { contents, folder, json, MAIN, remove, run, start } from '../e2e/command.ts';
import { freePort } from '../e2e/free-port.ts';
import { fingerprint } from '../reliability/victim.ts';
import { assembled, held, memberPath, members, prepare, processOf, type Status, serially, statesOf } from './ensemble.ts';
import { until } from './slurm.ts';

const home = folder();
afterAll(() => remove(home));

const SLOW = members(2, 200);
let slow = '';
const slowHash = async () => (slow ||= await serially(SLOW, join(home, 'slow')));

describe('processes on this machine', () => {
  it.each(['dense', 'gmp', 'ltr --drop magnitude', 'edst'])('make the run of %s that one process makes', async (method) => {
    const options = [...members(2), '--method', ...method.split(' '), '--keep-trajectory', '4'];
    const path = join(home, method);
    await prepare(options, path);
    expect(await json('submit', path, '--engine', 'local', '--parallel', '2', '--quiet')).toMatchObject({
      ends: { failed: 0, stopped: 0 },
    });
    expect(await assembled(path)).toBe(await serially(options, `${path}-whole`));
    const made = (run: string) => Object.entries(contents(join(run, 'trajectory')));
    expect(made(path)).toEqual(made(`${path}-whole`));
    expect(await run(['train', '--resume', path])).toMatchObject({ code: 0, stderr: expect.stringContaining('is finished') });
  });

  it('are tried again when they are killed', async () => {
    const path = join(home, 'killed');
    await prepare(SLOW, path);
    const pool = start(['submit', path, '--engine', 'local']);
    process.kill((await held(path, 0, 3)).process, 'SIGKILL');
    expect(await pool.finished).toMatchObject({ code: 0, stderr: expect.stringContaining('ended with SIGKILL') });
    expect(await assembled(path)).toBe(await slowHash());
  });

  it('save when they are to stop, and the same command goes on', async () => {
    const path = join(home, 'stopped');
    await prepare(SLOW, path);
    const pool = start(['submit', path, '--engine', 'local', '--parallel', '2']);
    const both = await Promise.all([held(path, 0, 3), held(path, 1, 3)]);
    pool.child.kill('SIGTERM');
    for (const one of both) await one.signalled();
    for (const one of both) one.goOn();
    expect((await pool.finished).code).toBe(75);
    expect(await statesOf(path)).toEqual(['stopped', 'stopped']);
    expect((await run(['submit', path, '--engine', 'local'])).code).toBe(0);
    expect(await assembled(path)).toBe(await slowHash());
  });

  it('train the runs of a sweep, which then knows them', async () => {
    const file = join(home, 'sweep.json');
    const values = { limitPerClass: 20, imageSize: 8, batchSize: 32, tickets: 2, exploreEpochs: 2, refineEpochs: 1, threads: 1 };
    writeFileSync(file, JSON.stringify({ ...values, method: ['edst', 'dst'], seed: [1, 2] }));
    const [parts, whole] = [join(home, 'parts'), join(home, 'in-one')];
    expect(await run(['sweep', file, '--to', parts, '--prepare', '--quiet'])).toMatchObject({
      code: 0,
      stdout: `2 trials in ${parts}, nothing trained\nnext: freetickets submit ${parts} --engine NAME\n`,
    });
    expect(await json('submit', parts, '--engine', 'local', '--quiet')).toMatchObject({ tasks: 6, ends: { finished: 6 } });
    expect(await json('assemble', parts)).toMatchObject({ runs: { length: 4 }, errors: {} });
    expect((await run(['sweep', file, '--to', whole, '--quiet'])).code).toBe(0);
    for (const name of ['method=edst,seed=1', 'method=edst,seed=2', 'method=dst,seed=1', 'method=dst,seed=2'])
      expect(fingerprint(join(parts, name)), name).toBe(fingerprint(join(whole, name)));
    const figures = async (sweep: string) => {
      const { trials } = await json<{ trials: readonly { readonly seconds: number }[] }>('sweep', file, '--to', sweep);
      return trials.map(({ seconds, ...rest }) => rest);
    };
    expect(await figures(parts)).toEqual(await figures(whole));
  });
});

describe('a task', () => {
  const path = join(home, 'task');
  const member = ['train-member', '--run', path, '--quiet'];

  it('takes its number from the flag, from Slurm or from Kubernetes, in this order', async () => {
    await prepare(members(3), path);
    const numbers = { SLURM_ARRAY_TASK_ID: '1', JOB_COMPLETION_INDEX: '2' };
    expect((await run([...member, '--member', '0'], numbers)).stdout).toMatch(/^member 0 of .*: finished after/);
    expect((await run(member, numbers)).stdout).toMatch(/^member 1 of .*: finished after/);
    expect((await run(member, { JOB_COMPLETION_INDEX: '2' })).stdout).toMatch(/^member 2 of .*: finished after/);
    expect(await run(member)).toMatchObject({
      code: 42,
      stderr: expect.stringContaining('--member: expected a number, or one in SLURM_ARRAY_TASK_ID'),
    });
    expect(await run([...member, '--member', '3'])).toMatchObject({ code: 42, stderr: expect.stringContaining('from 0 to 2, received 3') });
  });

  it('that is finished and whole ends at once; one that is damaged is trained again from what is whole', async () => {
    const ticket = join(memberPath(path, 1), 'tickets', 'ticket-0.safetensors');
    const before = readFileSync(ticket);
    expect((await run([...member, '--member', '1'])).stdout).toBe(`member 1 of ${path}: finished before\n`);
    writeFileSync(ticket, before.subarray(1));
    expect(await run(['assemble', path])).toMatchObject({ code: 1, stderr: expect.stringContaining('ticket-0.safetensors') });
    expect(await run([...member, '--member', '1'])).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(ticket).equals(before)).toBe(true);
    expect(await assembled(path)).toBe(await serially(members(3), join(home, 'task-whole')));
  });

  it('does not begin on another engine than the run was made for, and says so in its folder', async () => {
    const other = join(home, 'other-engine');
    await prepare([...members(2), '--engine', 'reference'], other);
    const args = ['train-member', '--run', other, '--member', '0', '--quiet'];
    const record = join(other, 'run.json');
    writeFileSync(
      record,
      readFileSync(record, 'utf8').replace('"engine": "reference",\n  "freetickets"', '"engine": "native/other",\n  "freetickets"'),
    );
    expect(await run(args)).toMatchObject({ code: 42, stderr: expect.stringContaining('engine was native/other and is reference') });
    const { members: all } = await json<Status>('status', other);
    expect(all[0]).toMatchObject({ state: 'failed', reason: expect.stringContaining('engine was native/other') });
    expect((await run([...args, '--engine', 'reference'])).code).toBe(0);
    expect(await statesOf(other)).toEqual(['finished', 'waiting']);
  });

  it('is of a run that is trained either in one process or by members', async () => {
    const parts = join(home, 'either');
    await prepare(SLOW, parts);
    const resumed = start(['train', '--resume', parts, '--quiet']);
    await until('training has begun', 60, () => Object.keys(contents(parts)).some((name) => name.startsWith('checkpoints/')));
    expect((await resumed.kill('SIGTERM')).code).toBe(75);
    expect(await run(['train-member', '--run', parts, '--member', '0'])).toMatchObject({
      code: 42,
      stderr: `error: ${parts}: expected a run whose members are trained each on its own, received one that has begun in one process. Go on with: freetickets train --resume ${parts}\n`,
    });
    const begun = join(home, 'members-only');
    await prepare(members(2), begun);
    await run(['train-member', '--run', begun, '--member', '0']);
    expect(await run(['train', '--resume', begun])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`freetickets assemble ${begun}`),
    });
  });
});

describe('submit', () => {
  it('with --dry-run prints what would be run, and writes nothing', async () => {
    const path = join(home, 'options');
    await prepare(members(2), path);
    const before = contents(path);
    const { stdout } = await run(['submit', path, '--engine', 'local', '--dry-run', '--cpus', '2', '--loader-workers', '3']);
    const lines = [0, 1].map(
      (i) => `${process.execPath} ${MAIN} train-member --quiet --run ${path} --threads 2 --loader-workers 3 --member ${i}\n`,
    );
    expect(stdout).toBe(lines.join(''));
    for (const engine of ['slurm', 'kubernetes'])
      expect(
        (await run(['submit', path, '--engine', engine, '--dry-run', ...(engine === 'slurm' ? [] : ['--image', 'x', '--claim', 'y'])]))
          .code,
      ).toBe(0);
    expect(contents(path)).toEqual(before);
  });

  it('says what is missing where there is no scheduler', async () => {
    const { code, stderr } = await run(['submit', join(home, 'options'), '--engine', 'slurm'], { PATH: '/nowhere' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('sbatch: expected a command that takes the tasks, received none on the PATH'),
    ]);
  });
});

const SSHD = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin" command -v sshd'], { encoding: 'utf8' }).stdout.trim();
const hasSsh = SSHD !== '' && spawnSync('ssh', ['-V']).status === 0;

describe('other machines by ssh', () => {
  it.skipIf(!hasSsh)(`train members, save when the connection ends, and go on${hasSsh ? '' : ' (skipped: there is no sshd)'}`, async () => {
    const ssh = await sshServer();
    const path = join(home, 'ssh');
    await prepare(SLOW, path);
    const args = ['submit', path, '--engine', 'ssh', '--hosts', 'one,two', '--ssh', ssh, '--command', `${process.execPath} ${MAIN}`];
    const pool = start(args);
    const both = [await held(path, 0, 3), await held(path, 1, 3)];
    await pool.kill('SIGTERM');
    for (const one of both) await one.signalled();
    for (const one of both) one.goOn();
    await until('both have saved', 60, () => processOf(path, 0) === undefined && processOf(path, 1) === undefined);
    expect(await statesOf(path)).toEqual(['stopped', 'stopped']);
    expect(await run([...args, '--quiet', '--json'])).toMatchObject({ code: 0, stdout: expect.stringContaining('"finished":2') });
    expect(await assembled(path)).toBe(await slowHash());
  });
});

/** A real server on the loopback address, with keys of its own. @returns the command that reaches it as hosts one and two */
async function sshServer(): Promise<string> {
  const place = join(home, 'sshd');
  mkdirSync(place);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const at = (name: string) => join(place, name);
  for (const name of ['host', 'user']) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  writeFileSync(at('authorized'), readFileSync(at('user.pub')));
  chmodSync(at('authorized'), 0o600);
  const port = await freePort();
  const server = `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${at('host')}\nAuthorizedKeysFile ${at('authorized')}\nPidFile none\nStrictModes no\nUsePAM no\n`;
  writeFileSync(at('server'), server);
  const reach = `HostName 127.0.0.1\nPort ${port}\nUser ${userInfo().username}\nIdentityFile ${at('user')}\nUserKnownHostsFile ${at('known')}\n`;
  writeFileSync(at('client'), `Host one two\n${reach}StrictHostKeyChecking accept-new\nIdentitiesOnly yes\n`);
  const daemon = spawn(SSHD, ['-D', '-e', '-f', at('server')], { stdio: 'ignore' });
  onTestFinished(() => {
    daemon.kill();
    rmSync(place, { recursive: true });
  });
  const command = `ssh -F ${at('client')}`;
  await until('sshd answers', 30, () => spawnSync('ssh', ['-F', at('client'), '-o', 'BatchMode=yes', 'one', 'true']).status === 0);
  return command;
}
