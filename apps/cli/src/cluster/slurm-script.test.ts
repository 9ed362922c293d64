import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type SlurmOptions, slurmScript } from './slurm-script.ts';

const OPTIONS: SlurmOptions = {
  name: 'x',
  logs: '/runs/a 100 %/submit',
  indices: [0],
  cpus: 2,
  sbatch: [],
  command: ['freetickets', 'train-member', '--run', "/runs/it's"],
  retries: 3,
};

const directives = (options: Partial<SlurmOptions>) =>
  slurmScript({ ...OPTIONS, ...options })
    .split('\n')
    .filter((line) => line.startsWith('#SBATCH '))
    .map((line) => line.slice('#SBATCH '.length));

describe('slurmScript', () => {
  it('is a script that bash reads', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: slurmScript(OPTIONS), encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('asks for what was asked for, and leaves the rest to Slurm', () => {
    expect(directives({})).toEqual([
      '--job-name=x',
      '--array=0',
      '--nodes=1',
      '--ntasks=1',
      '--cpus-per-task=2',
      '--requeue',
      '--signal=B:USR1@60',
      '--open-mode=append',
      '--output="/runs/a 100 %%/submit/%A_%a.log"',
    ]);
    expect(directives({ time: '1:00:00', partition: 'cpu', memory: '4G', sbatch: ['--account=physics'] })).toEqual(
      expect.arrayContaining(['--time=1:00:00', '--partition=cpu', '--mem=4G', '--account=physics']),
    );
  });

  it.each([
    [[0, 1, 2, 3], undefined, '0-3'],
    [[0, 2, 3, 4, 9], undefined, '0,2-4,9'],
    [[5, 6], 2, '5-6%2'],
  ])('of the tasks %j, %s at a time, makes --array=%s', (indices, parallel, expected) => {
    expect(directives({ indices, parallel })).toContain(`--array=${expected}`);
  });
});
