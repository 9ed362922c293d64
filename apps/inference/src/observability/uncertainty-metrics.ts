// What ensembles said of their own answers, counted from the outputs of those requests that asked for them.

import { Counter, Histogram, type Registry } from 'prom-client';
import type { RawTensor } from '../protocol/raw-tensor.ts';

const labels = ['model', 'version'] as const;
/** Entropies are in nats: ln 10 is 2.3, ln 1000 is 6.9. */
const nats = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 7];

export class UncertaintyMetrics {
  readonly #numbers: Readonly<Record<string, Histogram<'model' | 'version'>>>;
  readonly #abstained: Counter<'model' | 'version'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, labelNames: labels, buckets, registers });
    this.#numbers = {
      predictive_entropy: histogram('ft_predictive_entropy', 'Entropy of the mean prediction in nats.', nats),
      mutual_information: histogram('ft_mutual_information', 'What the members disagree about, in nats.', nats),
      ood_score: histogram('ft_ood_score', 'How foreign inputs look; the scale is that of the chosen score.', [
        -10,
        -5,
        -2,
        -1,
        0,
        ...nats,
        10,
      ]),
      members_used: histogram('ft_members_used', 'Members that were asked for one answer.', [1, 2, 3, 4, 5, 8, 16, 32]),
    };
    this.#abstained = new Counter({
      name: 'ft_abstain_total',
      help: 'Answers that nobody should act on alone.',
      labelNames: labels,
      registers,
    });
  }

  add(model: string, version: string, outputs: readonly RawTensor[]): void {
    for (const { name, datatype, bytes } of outputs) {
      if (name === 'abstain' && datatype === 'BOOL')
        this.#abstained.inc(
          { model, version },
          bytes.reduce((sum, flag) => sum + flag, 0),
        );
      const histogram = Object.hasOwn(this.#numbers, name) ? this.#numbers[name] : undefined;
      if (histogram === undefined) continue;
      for (const value of numbers(datatype, bytes)) histogram.observe({ model, version }, value);
    }
  }

  remove(model: string, version: string): void {
    for (const metric of [...Object.values(this.#numbers), this.#abstained]) metric.remove({ model, version });
  }
}

function* numbers(datatype: string, bytes: Uint8Array): Generator<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + 4 <= bytes.byteLength; offset += 4) {
    if (datatype === 'FP32') yield view.getFloat32(offset, true);
    else if (datatype === 'INT32') yield view.getInt32(offset, true);
  }
}
