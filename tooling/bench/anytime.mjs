// What it costs and saves to ask members one after the other, measured through a running server on the test pictures of a data set:
//
//     freetickets serve digits=digits.onnx &
//     node tooling/bench/anytime.mjs --url http://127.0.0.1:8000 --model digits --dataset mnist --data mnist/
//
// One JSON document on standard output: accuracy of all members and of those asked, members asked on the mean, accuracy of what was
// answered when the unsure answers were refused (`abstain`), and the drift that the server saw.
import { parseArgs } from 'node:util';
import { connect } from '@freetickets/client';
import { loadDataset } from '@freetickets/datasets';

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8000' },
    model: { type: 'string' },
    dataset: { type: 'string' },
    data: { type: 'string' },
    batch: { type: 'string', default: '50' },
  },
});
const { url, model, dataset, data } = values;
const batch = Number(values.batch);
const client = connect(url);
const { test, shape } = await loadDataset({ dataset, data });
const pixels = shape.reduce((a, b) => a * b, 1);

/** Answers to all test pictures, as pixels in [0, 1]: the files normalise them. */
async function ask(parameters, outputs) {
  const found = Object.fromEntries(outputs.map((name) => [name, []]));
  const started = performance.now();
  for (let from = 0; from < test.size; from += batch) {
    const size = Math.min(batch, test.size - from);
    const images = {
      shape: [size, ...shape],
      data: Float32Array.from(test.images.subarray(from * pixels, (from + size) * pixels), (p) => p / 255),
    };
    const answer = await client.infer(model, { inputs: { images }, parameters, outputs });
    for (const name of outputs) found[name].push(...answer.outputs[name].data);
  }
  return { ...found, seconds: (performance.now() - started) / 1000 };
}

function accuracyOf(probabilities, counts = () => true) {
  const classes = probabilities.length / test.size;
  let [right, all] = [0, 0];
  for (let n = 0; n < test.size; n++) {
    if (!counts(n)) continue;
    const row = probabilities.slice(n * classes, (n + 1) * classes);
    right += row.indexOf(Math.max(...row)) === test.labels[n] ? 1 : 0;
    all++;
  }
  return right / all;
}

const { outputs } = await client.model(model);
const members = outputs.find(({ name }) => name === 'member_probabilities').shape[1];
const whole = await ask({}, ['probabilities', 'abstain']);
const part = await ask({ anytime: true }, ['probabilities', 'members_used']);
const meanMembers = part.members_used.reduce((a, b) => a + b, 0) / test.size;
const kept = whole.abstain.filter((refused) => refused === 0).length;
const { state, measures } = await client.drift(model);
console.log(
  JSON.stringify(
    {
      model,
      samples: test.size,
      members,
      accuracy: accuracyOf(whole.probabilities),
      anytime: { accuracy: accuracyOf(part.probabilities), meanMembers, saved: 1 - meanMembers / members },
      answered: { share: kept / test.size, accuracy: accuracyOf(whole.probabilities, (n) => whole.abstain[n] === 0) },
      seconds: { all: whole.seconds, anytime: part.seconds },
      drift: { state, psi: Object.fromEntries(Object.entries(measures).map(([name, { psi }]) => [name, psi])) },
    },
    null,
    2,
  ),
);
