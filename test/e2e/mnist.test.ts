/** Real training on real data, short: the full length is in `docs/reproduction.md`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { json, MNIST, orSkipped, temporary } from './command.ts';

interface Scores {
  readonly accuracy: number;
  readonly nll: number;
}

describe('LeNet-300-100 on MNIST', () => {
  const title = 'an EDST ensemble at sparsity 0.9 passes 96 % after 6 epochs, and its NLL is below that of its mean member';
  it.skipIf(!existsSync(MNIST))(orSkipped(title, MNIST), async () => {
    const path = join(temporary(), 'run');
    const options =
      '--network lenet-300-100 --method edst --tickets 3 --sparsity 0.9 --explore-epochs 3 --refine-epochs 1 --rewire-every 200'.split(' ');
    await json('train', '--dataset', 'mnist', '--data', MNIST, ...options, '--seed', '17', '--out', path);
    const { ensemble, members } = await json<{ ensemble: Scores; members: Scores[] }>('evaluate', path);
    expect(members).toHaveLength(3);
    expect(ensemble.accuracy).toBeGreaterThan(0.96);
    expect(ensemble.nll).toBeLessThan(members.reduce((sum, { nll }) => sum + nll, 0) / 3);
  });
});
