/** How an ensemble and its members stand pictures that were changed against them, and how far an attack on one member carries to the others. */
import { type AttackOptions, attack, combine, ensembleGradient, type PixelScale } from '@freetickets/ensemble';
import { memberPrediction } from '@freetickets/metrics';
import { type ModelState, type Session, type Source, SparseError } from '@freetickets/sparse-core';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import type { Attack, AttackKind } from './document.ts';
import type { Bootstrap } from './intervals.ts';
import { BATCH, type Outputs } from './members.ts';
import { scoresOf } from './scores.ts';

export interface AttackWishes {
  readonly kinds: readonly AttackKind[];
  /** In units of pixels in [0, 1]. Default 8 / 255. */
  readonly epsilon?: number;
  /** Of PGD. Default 10. */
  readonly steps?: number;
  /** Pictures, drawn at random. Default: all. */
  readonly samples?: number;
}

const EPSILON = 8 / 255;
const STEPS = 10;

/**
 * @param passes with dropout on, each of which is a member
 * @throws SparseError INVALID_CONFIG for a ticket that holds several members: engines have no gradient of each
 */
export function checkAttacked(states: readonly ModelState[], passes: number | undefined): void {
  const heads = states.reduce((most, { spec }) => Math.max(most, spec.heads ?? 1), 1);
  if (heads === 1 && passes === undefined) return;
  const received = new Error(passes === undefined ? `${heads} heads in one` : `${passes} passes with dropout through one`);
  throw new SparseError('INVALID_CONFIG', '--attack', 'tickets of one member each, which have a gradient of their own', received);
}

/** @param sessions open for input gradients; of one member, what attacks it attacks the ensemble */
export async function attackScores(
  kind: AttackKind,
  sessions: readonly Session[],
  source: Source,
  scale: PixelScale,
  { epsilon = EPSILON, steps: most = STEPS }: AttackWishes,
  bootstrap: Bootstrap,
  talk: Talk,
): Promise<Attack> {
  const { seed } = bootstrap;
  const steps = kind === 'fgsm' ? 1 : most;
  const stepSize = kind === 'fgsm' ? epsilon : (2.5 * epsilon) / steps;
  const targets = [sessions, ...(sessions.length > 1 ? sessions.map((session) => [session]) : [])];
  const bar = progressBar({ label: kind, total: targets.length * source.size }, talk);
  const found: Attack['ofMembers'] = [];
  try {
    for (const target of targets) {
      const before = found.length * source.size;
      const changed = attackedOutputs(target, sessions, source, scale, { kind, epsilon, steps, stepSize, seed }, (done) =>
        bar.update(before + done),
      );
      found.push(await scoresUnder(await changed, bootstrap));
    }
  } finally {
    bar.stop();
  }
  const [ofEnsemble, ...ofMembers] = found as [Attack['ofEnsemble'], ...Attack['ofMembers']];
  return { kind, epsilon, steps, stepSize, seed, samples: source.size, ofEnsemble, ofMembers };
}

/** What all `sessions` say of pictures that were changed against the members of `target`. */
async function attackedOutputs(
  target: readonly Session[],
  sessions: readonly Session[],
  source: Source,
  scale: PixelScale,
  options: AttackOptions,
  onProgress: (done: number) => void,
): Promise<Outputs> {
  const classes = source.classes.length;
  const logits = sessions.map(() => new Float32Array(source.size * classes));
  const labels = new Int32Array(source.size);
  const gradient = ensembleGradient(target);
  let done = 0;
  for await (const batch of source.batches({ batchSize: BATCH })) {
    const images = await attack(batch.images, batch.labels, scale, gradient, { ...options, firstIndex: done });
    for (const [m, session] of sessions.entries()) logits[m]!.set(await session.predict(images, batch.size), done * classes);
    labels.set(batch.labels, done);
    done += batch.size;
    onProgress(done);
  }
  return { labels, logits, prediction: combine(logits, classes) };
}

async function scoresUnder({ prediction, labels }: Outputs, bootstrap: Bootstrap): Promise<Attack['ofEnsemble']> {
  const alone = Array.from({ length: prediction.members }, (_, member) => memberPrediction(prediction, member));
  const [ensemble, ...members] = await scoresOf([prediction, ...alone], labels, bootstrap);
  return { ensemble: ensemble!, members };
}
