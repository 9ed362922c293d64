/**
 * Where the published code of FreeTickets does other than its description says, and which of the two a run follows. Each flag is one such
 * place; a profile of one's own mixes them.
 */
export interface Profile {
  readonly name: string;
  /** How the first topology is drawn: exact live counts, or a coin for each weight. */
  readonly initial: 'exact' | 'coin';
  /** Which weights go when several have the score of the last one: the lower positions, so that the count is exact, or all of them. */
  readonly ties: 'exact' | 'all';
  /** How `random` grows: exactly as many as are wanted, or a coin for each dead weight, so that live counts walk at random. */
  readonly randomGrowth: 'exact' | 'coin';
  /** The value of a weight that is dropped and grown in one rewiring; its momentum stays either way. */
  readonly regrown: 'kept' | 'zeroed';
  /** Layers that the distribution made dense: left alone, or with their smallest weights set to 0 at every rewiring. */
  readonly denseLayers: 'left-alone' | 'zeroed';
  /** Whether the last step of a phase rewires, though no step follows in which the grown could learn. */
  readonly lastStep: 'skipped' | 'rewired';
  /** Which gradient an escape reads: that of the first step of the new phase, or that of the last one of the phase before. */
  readonly escape: 'first-step' | 'phase-end';
  /** The momentum of dead weights: none, so that what grows starts without, or it gathers dense gradients at every step. */
  readonly deadMomentum: 'none' | 'gathers';
  /** Whether the best validation accuracy of a phase without a ticket stands against that of the next. */
  readonly best: 'of-phase' | 'carried-over';
}

/** The method as its authors describe it. */
export const CLEAN: Profile = {
  name: 'clean',
  initial: 'exact',
  ties: 'exact',
  randomGrowth: 'exact',
  regrown: 'kept',
  denseLayers: 'left-alone',
  lastStep: 'skipped',
  escape: 'first-step',
  deadMomentum: 'none',
  best: 'of-phase',
};

/**
 * What the published code executes, but for one thing: there, the momentum of a dead weight goes on gathering dense gradients, and a grown
 * weight moves by it at once. Sparse storage has no momentum of dead weights; a grown weight starts without. `REF_DENSE` has that too.
 */
export const REF: Profile = {
  name: 'ref',
  initial: 'coin',
  ties: 'all',
  randomGrowth: 'coin',
  regrown: 'zeroed',
  denseLayers: 'zeroed',
  lastStep: 'rewired',
  escape: 'phase-end',
  deadMomentum: 'none',
  best: 'carried-over',
};

/** What the published code executes, momentum of dead weights included: for engines that compute densely. */
export const REF_DENSE: Profile = { ...REF, name: 'ref-dense', deadMomentum: 'gathers' };

export const PROFILES = { clean: CLEAN, ref: REF, 'ref-dense': REF_DENSE } as const;
