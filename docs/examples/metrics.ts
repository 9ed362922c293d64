import { accuracy, collect, disagreement, ece, memberPrediction, nll } from '@freetickets/metrics';

// Two members, two samples, three classes; `probs` is their mean.
const memberProbs = Float32Array.of(0.75, 0.25, 0, 0.25, 0.5, 0.25, 0.25, 0.75, 0, 0.25, 0.5, 0.25);
const probs = Float32Array.of(0.5, 0.5, 0, 0.25, 0.5, 0.25);
const prediction = { size: 2, classes: 3, members: 2, probs, memberProbs };
const labels = Int32Array.of(0, 1);

const metrics = collect({ accuracy: accuracy(), nll: nll(), ece: ece({ bins: 15 }), disagreement: disagreement() });
metrics.update(prediction, labels); // once per batch
console.log(metrics.value()); // { accuracy: 1, nll: 0.693..., ece: 0.5, disagreement: 0.5 }

const second = accuracy();
second.update(memberPrediction(prediction, 1), labels);
console.log(second.value()); // 0.5: member 1 is wrong about the first sample
