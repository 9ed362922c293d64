// The ensemble in this browser: the model's file is fetched once, its tickets are read out of it, and the sparse engine computes them in
// WebAssembly. Measures are made by the code that the server runs.

import { bestEngine } from '@freetickets/engine-sparse';
import { combine, memberLogits } from '@freetickets/ensemble';
import { describeOnnx, fromOnnx } from '@freetickets/onnx-export';
import { network } from '@freetickets/sparse-core';
import { parseCalibration } from '../src/uncertainty/calibration.ts';
import { MEASURE_NAMES, measure, missingFor } from '../src/uncertainty/measures.ts';
import { type Answer, NUMBERS } from './answer.ts';

export type LocalModel = (planes: Float32Array, alpha: number) => Promise<Answer>;

/** @param bytes of the model's file. @throws SparseError BAD_FILE for a file that FreeTickets did not write */
export async function openHere(bytes: Uint8Array, name: string): Promise<LocalModel> {
  const { freetickets } = describeOnnx(bytes, name);
  const tickets = fromOnnx(bytes, name);
  const calibration = freetickets?.calibration ? parseCalibration(freetickets.calibration, name) : undefined;
  const normalization = freetickets?.normalization?.inGraph ? freetickets.normalization : undefined;
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
