/** `pnpm bench ensemble`: an exported ensemble on the CPU in every form that it can be exported in. On a GPU: gpu/README.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareForms, differenceNotes, type EnsembleCase, SEPARATE, tableOf } from '../ensemble/compare.ts';
import { onnxruntimeNode, torch } from '../peers.ts';
import { asked, failures, type Suite } from '../suite.ts';

const SPARSITY = 0.9;
const SHAPES = ['lenet-5', 'wrn-16-2'].flatMap((network) =>
  [3, 7].map((members) => ({ name: `${network}, ${members}`, network, members })),
);
const BATCHES = [1, 128];

export const ensemble: Suite = {
  name: 'ensemble',
  about: 'an exported ensemble: fused, grouped, a session for each member, and our sparse engine',
  async run({ settings, sides, say }) {
    const folder = mkdtempSync(join(tmpdir(), 'freetickets-bench-'));
    const cases: EnsembleCase[] = [];
    try {
      for (const { name, network, members } of asked(SHAPES, settings)) {
        say(`ensemble: ${name} members`);
        const shape = { network, members, sparsity: SPARSITY, seed: settings.seed };
        const contestants = {
          device: 'cpu',
          forms: ['fused', 'grouped', SEPARATE],
          onnxruntime: onnxruntimeNode,
          torch: torch(settings.threads),
          torchModes: ['eager'],
          sparse: true,
        } as const;
        cases.push(...(await compareForms(shape, BATCHES, contestants, settings, folder, sides)));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    return { cases, table: tableOf(cases), notes: [...differenceNotes(cases), ...failures(cases)] };
  },
};
