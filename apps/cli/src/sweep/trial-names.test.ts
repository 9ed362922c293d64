import { describe, expect, it } from 'vitest';
import { trialNames } from './trial-names.ts';

describe('trialNames', () => {
  it.each([
    ['one point needs none', [{ method: 'edst' }], ['']],
    [
      'fields that do not differ are left out',
      [
        { method: 'edst', sparsity: 0.9 },
        { method: 'dst', sparsity: 0.9 },
      ],
      ['method=edst', 'method=dst'],
    ],
    [
      'a field that some points do not set',
      [{ method: 'dense' }, { method: 'dst', drop: 'taylor' }],
      ['method=dense', 'method=dst,drop=taylor'],
    ],
    ['letters that not every system takes', [{ structure: '2:4' }, { structure: '1:4' }], ['structure=2-4', 'structure=1-4']],
    ['paths', [{ network: '/nets/a.json' }, { network: '/nets/b.json' }], ['network=nets-a.json', 'network=nets-b.json']],
    ['names that would be equal', [{ data: 'a/b' }, { data: 'a:b' }, { data: 'c' }], ['trial=1', 'trial=2', 'data=c']],
    ['names that some systems take for equal', [{ data: 'A' }, { data: 'a' }], ['trial=1', 'trial=2']],
    ['a point that sets nothing', [{}, { method: 'dst' }], ['trial=1', 'method=dst']],
    ['names that are too long', [{ data: 'x'.repeat(200) }, { data: 'y' }], ['trial=1', 'data=y']],
  ])('%s', (_, points, names) => {
    expect(trialNames(points)).toEqual(names);
  });
});
