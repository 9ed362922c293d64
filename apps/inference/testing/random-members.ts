import { softmax } from '@freetickets/metrics';
import { rng } from '@freetickets/sparse-core';
import type { MemberProbabilities } from '../src/uncertainty/member-probabilities.ts';

/** Members that mostly agree: each adds its own noise to one set of logits, from which the labels are drawn. */
export function randomMembers(size: number, members: number, classes: number, { noise = 1, sharpness = 2 } = {}) {
  const stream = rng(5).stream('members', size);
  const logits = Float64Array.from({ length: size * classes }, () => sharpness * stream.normal());
  const truth = softmax(logits, classes);
  const labels = Int32Array.from({ length: size }, (_, n) => {
    let left = stream.uniform();
    let c = 0;
    for (; c < classes - 1 && left >= truth[n * classes + c]!; c++) left -= truth[n * classes + c]!;
    return c;
  });
  const own = Array.from({ length: members }, () =>
    softmax(
      logits.map((logit) => logit + noise * stream.normal()),
      classes,
    ),
  );
  const values = Float32Array.from(own.flatMap((probs) => [...probs]));
  const probabilities: MemberProbabilities = { size, members, classes, values };
  return { probabilities, labels };
}
