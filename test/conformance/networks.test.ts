/**
 * The networks of the field compute what the same networks written in PyTorch compute (tooling/golden/make_networks.py, float64), at full size
 * where the weights come from a formula, and narrow where PyTorch's own file is read.
 */
import { readFileSync } from 'node:fs';
import { bestEngine } from '@freetickets/engine-sparse';
import { decodePyTorch, fromPyTorch, type ModelState, modelByName, type NetworkSpec, network, resnet } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { formulaValues, uniform } from './formula.ts';

interface Logits {
  readonly input: readonly number[];
  readonly size: number;
  readonly values: readonly number[];
}

interface Golden {
  readonly networks: Readonly<Record<string, { readonly logits?: Logits }>>;
  readonly files: Readonly<Record<string, Logits>>;
}

const folder = new URL('../golden/', import.meta.url);
const golden: Golden = JSON.parse(readFileSync(new URL('networks.json', folder), 'utf8'));

/** As `filled` of make_networks.py. */
const filled = (spec: NetworkSpec): ModelState => ({ spec, topology: new Map(), values: formulaValues(network(spec)), step: 0 });

async function expectLogits(state: ModelState, { input, size, values }: Logits): Promise<void> {
  await using session = await bestEngine().open(network(state.spec), state, { batchSize: size, threads: 2 });
  const pixels = input.reduce((a, b) => a * b, 1);
  const logits = await session.predict(
    uniform('images', size * pixels, (u) => 2 * u - 1),
    size,
  );
  const scale = Math.max(...values.map(Math.abs));
  const error = Math.max(...values.map((value, i) => Math.abs(logits[i]! - value))) / scale;
  expect(logits).toHaveLength(values.length);
  expect(error).toBeLessThan(1e-4);
}

describe('logits within 1e-4 of PyTorch, relative to the largest', () => {
  for (const [name, { logits }] of Object.entries(golden.networks))
    if (logits) it(name, () => expectLogits(filled(modelByName(name, { input: logits.input })), logits));

  it.each([
    ['resnet-18-w2', 18],
    ['resnet-50-w2', 50],
  ] as const)('%s, read from the file that PyTorch wrote', async (name, depth) => {
    const logits = golden.files[name]!;
    const net = network(resnet({ depth, width: 2, classes: 5, input: logits.input }));
    const bytes = readFileSync(new URL(`pytorch/${name}.safetensors`, folder));
    await expectLogits(fromPyTorch(net, decodePyTorch(bytes, name), name), logits);
  });
});
