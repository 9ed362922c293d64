/** Ensembles whose members are trained in one pass, as one network: what of it is data in a plan, and what follows for counting. */

export const ONE_PASS = ['mc-dropout', 'batch-ensemble', 'mimo', 'treenet'] as const;

/**
 * `mc-dropout`: members are passes with other units left out, a share `rate` of them. `batch-ensemble`: each member has factors for the channels of
 * shared layers, and every member sees each image of a batch. `mimo`: the network reads `members` images at once; each image stands in a batch
 * `repetitions` times per head, and in a share `sameInput` of the rows all heads see the same one. `treenet`: members have the last `own` stages for
 * themselves (see `treeNet` of sparse-core).
 */
export type OnePass =
  | { readonly kind: 'mc-dropout'; readonly rate: number; readonly passes: number }
  | { readonly kind: 'batch-ensemble'; readonly members: number }
  | { readonly kind: 'mimo'; readonly members: number; readonly repetitions: number; readonly sameInput: number }
  | { readonly kind: 'treenet'; readonly members: number; readonly own?: number | undefined };

/** How many rows of a training batch each image takes; a batch of whole images is a multiple of it. */
export function rowsPerImage(onePass: OnePass | undefined): number {
  if (onePass?.kind === 'batch-ensemble') return onePass.members;
  return onePass?.kind === 'mimo' ? onePass.repetitions : 1;
}

/** How many times the trained network is run for one image to hear all members. */
export function runsPerImage(onePass: OnePass | undefined): number {
  if (onePass?.kind === 'mc-dropout') return onePass.passes;
  return onePass?.kind === 'batch-ensemble' ? onePass.members : 1;
}

/** How many tickets are handed out where a plan has one. */
export const ticketsAtOnce = (onePass: OnePass | undefined): number => (onePass?.kind === 'batch-ensemble' ? onePass.members : 1);
