/** Networks of linear layers with ReLU between them, on flattened input of any shape. */
import type { NetworkSpec, NodeSpec } from '../spec.ts';
import type { ModelOptions } from './options.ts';

/** LeNet-300-100: 784-300-100-10 on MNIST by default. */
export function lenet300({ classes = 10, input = [1, 28, 28] }: ModelOptions = {}): NetworkSpec {
  return multilayer('lenet-300-100', input, [300, 100, classes]);
}

/** The multilayer perceptron of sparse-training papers on CIFAR-10: 3072-1024-512-10 by default. */
export function mlpCifar10({ classes = 10, input = [3, 32, 32] }: ModelOptions = {}): NetworkSpec {
  return multilayer('mlp-cifar10', input, [1024, 512, classes]);
}

function multilayer(name: string, input: readonly number[], widths: readonly number[]): NetworkSpec {
  const nodes: NodeSpec[] = [{ id: 'flatten', op: 'flatten', from: ['input'] }];
  let from = 'flatten';
  widths.forEach((out, i) => {
    const id = `fc${i + 1}`;
    nodes.push({ id, op: 'linear', from: [from], out });
    from = id;
    if (i === widths.length - 1) return;
    from = `relu${i + 1}`;
    nodes.push({ id: from, op: 'relu', from: [id] });
  });
  return { version: 1, name, input: { shape: input }, nodes, output: from };
}
