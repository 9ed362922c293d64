/**
 * TensorFlow.js: a NetworkSpec with dense weights, on its WebAssembly backend (one thread in Node) or its plain JavaScript one. Answers as
 * protocol.py does.
 */
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const answer = (document) => process.stdout.write(`${JSON.stringify(document)}\n`);
const runs = new Map();

answer({ ok: { tfjs: tf.version.tfjs } });
for await (const line of createInterface({ input: process.stdin })) {
  const { call, name, task, leastMs } = JSON.parse(line);
  try {
    if (call === 'prepare') runs.set(name, await prepare(task));
    if (call === 'release') runs.delete(name);
    answer({ ok: call === 'run' ? await repeat(runs.get(name), leastMs) : null });
  } catch (error) {
    answer({ error: `${error.name}: ${error.message.split('\n', 1)[0]}` });
  }
}

async function repeat(run, leastMs) {
  const times = {};
  const start = performance.now();
  do {
    const before = performance.now();
    const part = await run();
    times[part] = [...(times[part] ?? []), performance.now() - before];
  } while (performance.now() - start < leastMs);
  return times;
}

async function prepare({ kind, spec, batchSize, backend }) {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  const [channels, ...sides] = spec.input.shape;
  const images = tf.randomUniform([batchSize, ...sides, channels], -1, 1);
  const values = new Map();
  if (kind === 'infer') {
    return async () => {
      const probabilities = tf.tidy(() => tf.softmax(forward(spec, images, values)));
      await probabilities.data();
      probabilities.dispose();
      return 'infer';
    };
  }
  const classes = tf.tidy(() => forward(spec, images, values)).shape[1];
  const labels = tf.oneHot(
    Array.from({ length: batchSize }, (_, n) => n % classes),
    classes,
  );
  const optimizer = tf.train.momentum(0.01, 0.9);
  return async () => {
    tf.tidy(() => step(optimizer, spec, images, labels, values));
    await [...values.values()][0].data();
    return 'step';
  };
}

function step(optimizer, spec, images, labels, values) {
  optimizer.minimize(() => {
    const logits = forward(spec, images, values);
    return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1)));
  });
}

function forward(spec, images, values) {
  const outputs = new Map([['input', images]]);
  for (const node of spec.nodes) {
    const inputs = node.from.map((id) => outputs.get(id));
    outputs.set(node.id, apply(node, inputs, values));
  }
  return outputs.get(spec.output);
}

/** A parameter, made when it is first asked for. */
function value(values, name, shape, fill) {
  if (!values.has(name)) {
    const initial = tf.tidy(() =>
      fill === undefined ? tf.randomNormal(shape, 0, Math.sqrt(2 / (tf.util.sizeFromShape(shape) / shape.at(-1)))) : tf.fill(shape, fill),
    );
    values.set(name, tf.variable(initial));
  }
  return values.get(name);
}

function apply(node, [x, y], values) {
  const channels = x.shape.at(-1);
  const own = (kind, shape, fill) => value(values, `${node.id}.${kind}`, shape, fill);
  const withBias = (z) => ((node.bias ?? true) ? tf.add(z, own('bias', [node.out], 0)) : z);
  switch (node.op) {
    case 'conv2d': {
      const padded = node.pad
        ? tf.pad(x, [
            [0, 0],
            [node.pad, node.pad],
            [node.pad, node.pad],
            [0, 0],
          ])
        : x;
      return withBias(tf.conv2d(padded, own('weight', [node.kernel, node.kernel, channels, node.out]), node.stride ?? 1, 'valid'));
    }
    case 'linear':
      return withBias(tf.matMul(x, own('weight', [channels, node.out])));
    case 'batchNorm':
      return tf.batchNorm(
        x,
        own('mean', [channels], 0),
        own('variance', [channels], 1),
        own('offset', [channels], 0),
        own('scale', [channels], 1),
        node.eps ?? 1e-5,
      );
    case 'relu':
      return tf.relu(x);
    case 'add':
      return tf.add(x, y);
    case 'maxPool':
      return tf.maxPool(x, node.kernel, node.stride ?? node.kernel, 'valid');
    case 'avgPool':
      return tf.avgPool(x, node.kernel, node.stride ?? node.kernel, 'valid');
    case 'globalAvgPool':
      return tf.mean(x, [1, 2]);
    case 'flatten':
      return tf.reshape(x, [x.shape[0], -1]);
    default:
      throw new Error(`no operation ${node.op}`);
  }
}
