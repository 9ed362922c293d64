import type { Client } from '@freetickets/client';
import { type Answer, type Model, NUMBERS } from './answer.ts';

/** One picture to the server, with everything that the model can say about it. */
export async function askServer(client: Client, model: Model, planes: Float32Array, alpha: number): Promise<Answer> {
  const started = performance.now();
  const wanted = ['probabilities', 'member_probabilities', 'conformal_set', ...NUMBERS].filter((name) => model.outputs.includes(name));
  const { outputs } = await client.infer(model.name, {
    inputs: { [model.input]: { shape: [1, ...model.shape], data: planes } },
    outputs: wanted,
    parameters: wanted.includes('conformal_set') ? { alpha } : {},
  });
  const milliseconds = performance.now() - started;
  const numbers = NUMBERS.filter((name) => outputs[name]).map((name) => [name, Number(outputs[name]!.data[0])]);
  const classes = outputs.probabilities!.data.length;
  const members = (outputs.member_probabilities?.data ?? new Float32Array()) as Float32Array;
  return {
    probabilities: outputs.probabilities!.data as Float32Array,
    members: Array.from({ length: members.length / classes }, (_, m) => members.subarray(m * classes, (m + 1) * classes)),
    numbers: Object.fromEntries(numbers),
    ...(outputs.conformal_set && { set: outputs.conformal_set.data as Uint8Array }),
    milliseconds,
    where: 'the server',
  };
}
