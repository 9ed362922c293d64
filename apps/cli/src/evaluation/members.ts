/**
 * The members of a run, open for prediction, and what they say about a whole set of pictures. An `Ensemble` gives probabilities only; energy,
 * max-logit and temperature need the logits, so the members' sessions are opened here.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { combine, featureModel, memberLogits } from '@freetickets/ensemble';
import {
  type Batch,
  type ModelState,
  type Network,
  network,
  type OpenOptions,
  type Prediction,
  type Session,
  type Source,
} from '@freetickets/sparse-core';
import type { Computing } from '../engines.ts';

export const BATCH = 256;

/** All samples of a source, in its order. */
export interface Outputs {
  readonly labels: Int32Array;
  /** One array (samples, classes) per member. */
  readonly logits: readonly Float32Array[];
  readonly prediction: Prediction;
}

export interface Members extends AsyncDisposable {
  /** One for each ticket, which may hold several members. */
  readonly sessions: readonly Session[];
  /** @param onProgress is told after every batch how many samples are done */
  outputsOf(source: Source, onProgress?: (done: number) => void): Promise<Outputs>;
}

/** (samples, width) */
export interface MemberFeatures {
  readonly values: Float32Array;
  readonly width: number;
}

export interface MembersOptions extends Pick<OpenOptions, 'inputGradients'> {
  /** Of tickets with dropout: so many passes with dropout on, each a member. Default: one, with dropout off. */
  readonly passes?: number | undefined;
}

export async function openMembers(
  states: readonly ModelState[],
  { engine, threads }: Computing,
  { passes, ...options }: MembersOptions = {},
): Promise<Members> {
  const networks = states.map(({ spec }) => network(spec));
  const sessions: Session[] = [];
  const close = async () => {
    for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]();
  };
  try {
    for (const [t, state] of states.entries())
      sessions.push(await engine.open(networks[t]!, state, { batchSize: BATCH, ...options, ...(threads !== undefined && { threads }) }));
  } catch (error) {
    await close().catch(() => undefined); // why it could not be opened is the news
    throw error;
  }
  return {
    sessions,
    outputsOf: (source, onProgress) => outputsOf(sessions, networks, source, passes, onProgress),
    [Symbol.asyncDispose]: close,
  };
}

async function outputsOf(
  sessions: readonly Session[],
  networks: readonly Network[],
  source: Source,
  passes: number | undefined,
  onProgress?: (done: number) => void,
): Promise<Outputs> {
  const ask = (session: Session, ticket: number, { images, size }: Batch) => memberLogits(session, networks[ticket]!, images, size, passes);
  const { labels, values: logits } = await predictAll(sessions, source, ask, onProgress);
  return { labels, logits, prediction: combine(logits, source.classes.length) };
}

/** What each member's last linear layer sees of the pictures of several sources. */
export async function featuresOf(
  states: readonly ModelState[],
  sources: readonly Source[],
  computing: Computing,
  onProgress?: (done: number) => void,
): Promise<MemberFeatures[][]> {
  await using members = await openMembers(states.map(featureModel), computing);
  const found: MemberFeatures[][] = [];
  let before = 0;
  for (const source of sources) {
    const predict = async (session: Session, _: number, { images, size }: Batch) => [await session.predict(images, size)];
    const { values } = await predictAll(members.sessions, source, predict, (done) => onProgress?.(before + done));
    found.push(values.map((own) => ({ values: own, width: own.length / source.size })));
    before += source.size;
  }
  return found;
}

/** One array (samples, whatever `ask` gives) per answer. */
export async function predictAll<Opened>(
  sessions: readonly Opened[],
  source: Source,
  ask: (session: Opened, ticket: number, batch: Batch) => Promise<Float32Array[]>,
  onProgress?: (done: number) => void,
): Promise<{ labels: Int32Array; values: Float32Array[] }> {
  const values: Float32Array[] = [];
  const labels = new Int32Array(source.size);
  let done = 0;
  for await (const batch of source.batches({ batchSize: BATCH })) {
    const answers = [];
    for (const [t, session] of sessions.entries()) answers.push(...(await ask(session, t, batch)));
    for (const [m, own] of answers.entries()) {
      const width = own.length / batch.size;
      values[m] ??= new Float32Array(source.size * width);
      values[m].set(own, done * width);
    }
    labels.set(batch.labels, done);
    done += batch.size;
    onProgress?.(done);
    await immediate(); // lets the bar be drawn: an engine may compute without ever waiting
  }
  return { labels, values };
}

/** The samples `rows`, in that order. */
export function takeOutputs({ labels, logits, prediction: { classes } }: Outputs, rows: Uint32Array): Outputs {
  const taken = logits.map((all) => {
    const own = new Float32Array(rows.length * classes);
    rows.forEach((row, k) => {
      own.set(all.subarray(row * classes, (row + 1) * classes), k * classes);
    });
    return own;
  });
  return { labels: Int32Array.from(rows, (row) => labels[row]!), logits: taken, prediction: combine(taken, classes) };
}
