/** What a network computes for one sample, straight from the meaning of each operation, in float64: the truth of this package's tests. */
import type { ModelState, Network, NodeSpec, ParamName } from '@freetickets/sparse-core';

export type Values = Float64Array;

/** The logits of one sample. */
export function logitsOf(net: Network, state: ModelState, sample: ArrayLike<number>): Values {
  return memberLogitsOf(net, state, sample, 0);
}

/** The logits of one sample that belongs to a member of a network with members' factors. */
export function memberLogitsOf(net: Network, state: ModelState, sample: ArrayLike<number>, member: number): Values {
  const outputs = new Map<string, Values>([['input', Float64Array.from(sample)]]);
  for (const node of net.spec.nodes) {
    const inputs = node.from.map((id) => outputs.get(id)!);
    outputs.set(node.id, operation(net, state, node, inputs, member));
  }
  return outputs.get(net.spec.output)!;
}

/** A parameter at full size, zero where it is dead. */
function parameter(net: Network, state: ModelState, name: ParamName): Values {
  const dense = new Float64Array(net.params.get(name)?.size ?? 0);
  const live = state.topology.get(name)?.live ?? dense.keys();
  [...live].forEach((position, k) => {
    dense[position] = state.values.get(name)![k]!;
  });
  return dense;
}

function operation(net: Network, state: ModelState, node: NodeSpec, inputs: readonly Values[], member: number): Values {
  const x = inputs[0]!;
  const [channels = 1, height = 1, width = 1] = net.shapes.get(node.from[0]!)!;
  const [outChannels = 1, outHeight = 1, outWidth = 1] = net.shapes.get(node.id)!;
  const weight = parameter(net, state, `${node.id}.weight`);
  const bias = parameter(net, state, `${node.id}.bias`);
  const each = (value: (o: number, y: number, x: number) => number) =>
    Float64Array.from({ length: outChannels * outHeight * outWidth }, (_, k) =>
      value(Math.floor(k / (outHeight * outWidth)), Math.floor(k / outWidth) % outHeight, k % outWidth),
    );
  /** All positions of a window that lie inside the input: kernel offset and value. */
  const window = (c: number, top: number, left: number, kernel: number) => {
    const inside: { offset: number; value: number }[] = [];
    for (let i = 0; i < kernel; i++)
      for (let j = 0; j < kernel; j++)
        if (top + i >= 0 && top + i < height && left + j >= 0 && left + j < width)
          inside.push({ offset: i * kernel + j, value: x[(c * height + top + i) * width + left + j]! });
    return inside;
  };
  switch (node.op) {
    case 'conv2d': {
      const { kernel, stride = 1, pad = 0 } = node;
      return each((o, row, column) => {
        let sum = bias[o] ?? 0;
        for (let c = 0; c < channels; c++)
          for (const { offset, value } of window(c, row * stride - pad, column * stride - pad, kernel))
            sum += weight[(o * channels + c) * kernel * kernel + offset]! * value;
        return sum;
      });
    }
    case 'linear':
      return each((o) => x.reduce((sum, value, i) => sum + weight[o * x.length + i]! * value, bias[o] ?? 0));
    case 'batchNorm': {
      const mean = parameter(net, state, `${node.id}.running_mean`);
      const variance = parameter(net, state, `${node.id}.running_var`);
      const area = height * width;
      return x.map((value, k) => {
        const c = Math.floor(k / area);
        return ((value - mean[c]!) / Math.sqrt(variance[c]! + (node.eps ?? 1e-5))) * weight[c]! + bias[c]!;
      });
    }
    case 'maxPool':
    case 'avgPool': {
      const { kernel, stride = kernel } = node;
      const pad = node.op === 'maxPool' ? (node.pad ?? 0) : 0;
      return each((c, row, column) => {
        const values = window(c, row * stride - pad, column * stride - pad, kernel).map(({ value }) => value);
        return node.op === 'maxPool' ? Math.max(...values) : values.reduce((a, b) => a + b) / kernel ** 2;
      });
    }
    case 'globalAvgPool':
      return each((c) => x.subarray(c * height * width, (c + 1) * height * width).reduce((a, b) => a + b) / (height * width));
    case 'relu':
      return x.map((value) => Math.max(value, 0));
    case 'add':
      return x.map((value, k) => value + inputs[1]![k]!);
    case 'flatten':
    case 'dropout':
      return x;
    case 'concat':
      return Float64Array.from(inputs.flatMap((input) => [...input]));
    case 'memberScale':
      return x.map((value, k) => value * weight[member * channels + Math.floor(k / (height * width))]!);
  }
}

export function softmax(logits: Values): Values {
  const powers = logits.map(Math.exp);
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}
