import { describe, expect, it } from 'vitest';
import type { Evaluation, Scores } from '../evaluation/document.ts';
import { evaluationCsv } from './evaluate-csv.ts';

const scores: Scores = {
  accuracy: 0.5,
  nll: 1,
  brier: 0.25,
  ece: 0.1,
  aurc: 0.2,
  eceEqualMass: 0.11,
  eceClasswise: 0.12,
  eceDebiased: 0.13,
  eceFreetickets: 0.14,
  intervals: { nll: { low: 0.5, high: null } },
};
const evaluation: Evaluation = {
  format: 'freetickets.evaluation',
  version: 1,
  tickets: ['a'],
  data: 'd',
  split: 'test',
  samples: 10,
  ensemble: scores,
  members: [],
  diversity: { disagreement: null, kl: 0.5 },
  ood: [
    {
      name: 'svhn',
      samples: 1,
      ensemble: { energy: { auroc: 0.75, auprOut: 0.5, auprIn: 0.5, fpr95Out: 1, fpr95In: 1 } },
      members: [],
    },
  ],
};

describe('evaluationCsv', () => {
  const lines = evaluationCsv([{ run: 'runs/a, "b"', ...evaluation }]).split('\n');

  it('has one figure a line, with its interval where there is one', () => {
    expect(lines[0]).toBe('run,part,who,measure,value,low,high');
    expect(lines).toContain('"runs/a, ""b""",test,ensemble,accuracy,0.5,,');
    expect(lines).toContain('"runs/a, ""b""",test,ensemble,nll,1,0.5,');
    expect(lines).toContain('"runs/a, ""b""",ood.svhn.energy,ensemble,auroc,0.75,,');
    expect(lines).toHaveLength(1 + 9 + 2 + 5);
  });

  it('leaves the field of a figure that does not exist empty', () => {
    expect(lines).toContain('"runs/a, ""b""",test,ensemble,disagreement,,,');
  });
});
