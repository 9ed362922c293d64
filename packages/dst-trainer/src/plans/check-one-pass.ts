/** What can be wrong with members that share a network, beside the network itself, which says so when it is made. */
import { rowsPerImage } from '../one-pass/one-pass.ts';
import { check, checkWhole } from './checks.ts';
import type { Plan } from './plan.ts';

/** @throws SparseError INVALID_ARGUMENT naming the field, and what it does not go with */
export function checkOnePass({ onePass, batchSize }: Plan): void {
  if (!onePass) return;
  const at = 'plan.onePass';
  if (onePass.kind === 'mc-dropout') {
    checkWhole(onePass.passes, `${at}.passes`);
    check(onePass.rate > 0 && onePass.rate < 1, `${at}.rate`, 'a number between 0 and 1', onePass.rate);
  } else checkWhole(onePass.members, `${at}.members`);
  if (onePass.kind === 'mimo') {
    const { repetitions, sameInput } = onePass;
    checkWhole(repetitions, `${at}.repetitions`);
    check(sameInput >= 0 && sameInput <= 1, `${at}.sameInput`, 'a share from 0 to 1', sameInput);
  }
  const rows = rowsPerImage(onePass);
  const why = onePass.kind === 'mimo' ? 'as often as MIMO has each image in a batch' : 'one row for each member that sees an image';
  check(batchSize % rows === 0, 'plan.batchSize', `a multiple of ${rows}, ${why}`, batchSize);
}
