import type { DropRule } from './rule.ts';

/** The live weights closest to 0 go. Ties: lower position first. */
export const magnitude = (): DropRule => ({
  kind: 'magnitude',
  needs: [],
  score: ({ values }) => values,
  byMagnitude: true,
});
