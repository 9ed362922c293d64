// The ensemble in this browser: its tickets are fetched once, and the sparse engine computes them in WebAssembly. Measures are made by
// the code that the server runs.

import { bestEngine } from '@freetickets/engine-sparse';
import { combine, memberLogits } from '@freetickets/ensemble';
import { decodeTicket, network } from '@freetickets/sparse-core';
import { parseCalibration } from '../src/uncertainty/calibration.ts';
import { MEASURE_NAMES, measure, missingFor } from '../src/uncertainty/measures.ts';
import { type Answer, NUMBERS } from './answer.ts';

export type LocalModel = (planes: Float32Array, alpha: number) => Promise<Answer>;

/** As the page's server sends a model. */
export interface TicketFiles {
  /** In base64. */
  readonly tickets: readonly string[];
  readonly calibration: unknown;
  /** What to do to the picture first. */
  readonly normalization: { readonly mean: readonly number[]; readonly std: readonly number[] } | null;
}

/** @throws SparseError BAD_FILE for tickets and calibrations that do not read */
export async function openHere({ tickets: files, normalization, ...sent }: TicketFiles, name: string): Promise<LocalModel> {
  const tickets = files.map(
    (text) =>
      decodeTicket(
        Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)),
        name,
      ).state,
  );
  const calibration = sent.calibration ? parseCalibration(sent.calibration, name) : undefined;
  const engine = bestEngine({ onFallback: () => {} }); // the answer names what computed it
  const networks = tickets.map(({ spec }) => network(spec));
  const sessions = await Promise.all(tickets.map((ticket, t) => engine.open(networks[t]!, ticket, { batchSize: 1, threads: 1 })));
  const names = MEASURE_NAMES.filter((one) => missingFor(one, calibration, calibration?.ood.threshold) === undefined);
  return async (planes, alpha) => {
    const started = performance.now();
    const images = normalization ? normalized(planes, normalization) : planes;
    const logits: Float32Array[] = [];
    for (const [t, session] of sessions.entries()) logits.push(...(await memberLogits(session, networks[t]!, images, 1)));
    const classes = logits[0]!.length;
    const { probs, memberProbs } = combine(logits, classes);
    const levels = { alpha, method: 'thr' as const, oodThreshold: calibration?.ood.threshold };
    const found = measure(names, { size: 1, members: logits.length, classes, values: memberProbs }, calibration, levels);
    const numbers = NUMBERS.filter((one) => found[one]).map((one) => [one, Number(found[one]!.data[0])]);
    return {
      probabilities: probs,
      members: logits.map((_, m) => memberProbs.subarray(m * classes, (m + 1) * classes)),
      numbers: Object.fromEntries(numbers),
      ...(found.conformal_set && { set: found.conformal_set.data as Uint8Array }),
      milliseconds: performance.now() - started,
      where: `this browser (${engine.name})`,
    };
  };
}

function normalized(
  planes: Float32Array,
  { mean, std }: { readonly mean: readonly number[]; readonly std: readonly number[] },
): Float32Array {
  const plane = planes.length / mean.length;
  return planes.map((pixel, k) => (pixel - mean[Math.floor(k / plane)]!) / std[Math.floor(k / plane)]!);
}
