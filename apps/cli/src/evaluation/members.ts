/**
 * The members of a run, open for prediction, and what they say about a whole set of pictures. An `Ensemble` gives probabilities only; energy,
 * max-logit and temperature need the logits, so the members' sessions are opened here.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { combine } from '@freetickets/ensemble';
import { type ModelState, network, type Prediction, type Session, type Source } from '@freetickets/sparse-core';
import type { Computing } from '../engines.ts';

const BATCH = 256;

/** All samples of a source, in its order. */
export interface Outputs {
  readonly labels: Int32Array;
  /** One array (samples, classes) per member. */
  readonly logits: readonly Float32Array[];
  readonly prediction: Prediction;
}

export interface Members extends AsyncDisposable {
  /** @param onProgress is told after every batch how many samples are done */
  outputsOf(source: Source, onProgress?: (done: number) => void): Promise<Outputs>;
}

export async function openMembers(states: readonly ModelState[], { engine, threads }: Computing): Promise<Members> {
  const sessions: Session[] = [];
  const close = async () => {
    for (const session of sessions.splice(0)) await session[Symbol.asyncDispose]();
  };
  try {
    for (const state of states)
      sessions.push(await engine.open(network(state.spec), state, { batchSize: BATCH, ...(threads !== undefined && { threads }) }));
  } catch (error) {
    await close().catch(() => undefined); // why it could not be opened is the news
    throw error;
  }
  return { outputsOf: (source, onProgress) => predictAll(sessions, source, onProgress), [Symbol.asyncDispose]: close };
}

async function predictAll(sessions: readonly Session[], source: Source, onProgress?: (done: number) => void): Promise<Outputs> {
  const classes = source.classes.length;
  const logits = sessions.map(() => new Float32Array(source.size * classes));
  const labels = new Int32Array(source.size);
  let done = 0;
  for await (const batch of source.batches({ batchSize: BATCH })) {
    for (const [m, session] of sessions.entries()) logits[m]!.set(await session.predict(batch.images, batch.size), done * classes);
    labels.set(batch.labels, done);
    done += batch.size;
    onProgress?.(done);
    await immediate(); // lets the bar be drawn: an engine may compute without ever waiting
  }
  return { labels, logits, prediction: combine(logits, classes) };
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
