// onnxruntime behind the engine interface of the sparse engine, for prediction alone: a ticket is exported in memory and run. So whatever
// measures tickets can do so on any engine.

import { toOnnx } from '@freetickets/onnx-export';
import { loadOnnxruntime } from '@freetickets/runtimes';
import { type Engine, type Session, SparseError } from '@freetickets/sparse-core';
import { type Onnxruntime, sessionOptions } from './onnxruntime.ts';

/**
 * @throws SparseError RUNTIME_UNAVAILABLE when CUDA was asked for and is not installed. What it opens can neither train nor differentiate, and
 * says so with INVALID_ARGUMENT
 */
export async function onnxruntimeEngine(provider: 'cpu' | 'cuda'): Promise<Engine> {
  const ort = await loadOnnxruntime<Onnxruntime>({ cuda: provider === 'cuda' });
  const name = `onnxruntime-${provider}`;
  const refuse = (what: string): never => {
    throw new SparseError('INVALID_ARGUMENT', name, 'to predict, which is all that it can', new Error(what), 'Use the engine auto');
  };
  return {
    name,
    signals: new Set(),
    async open(net, state, { optimizer, inputGradients, threads }): Promise<Session> {
      if (optimizer) refuse('a wish to train');
      if (inputGradients) refuse('a wish for gradients');
      const options = sessionOptions(provider, threads === undefined ? {} : { threads });
      const session = await ort.InferenceSession.create(toOnnx(state, { output: 'logits' }), options);
      return {
        async predict(images, size, { dropoutSeed } = {}) {
          if (dropoutSeed !== undefined) refuse('a wish for passes with dropout');
          const feeds = { images: new ort.Tensor('float32', images, [size, ...net.spec.input.shape]) };
          const results = await session.run(feeds, ['member_logits']);
          return results.member_logits!.data as Float32Array;
        },
        trainStep: async () => refuse('a training step'),
        gradient: async () => refuse('a wish for gradients'),
        signal: async () => refuse('a wish for gradients'),
        inputGradient: async () => refuse('a wish for gradients'),
        rewire: async () => refuse('a rewiring'),
        snapshot: async () => state,
        [Symbol.asyncDispose]: () => session.release(),
      };
    },
  };
}
