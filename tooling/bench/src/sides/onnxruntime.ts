/** An exported ensemble in onnxruntime-node, or by our sparse engine: what a caller waits for, from pixels in memory to probabilities in memory. */
import { randomImages } from '../ensemble/images.ts';
import { onnxruntimeVersion, openSessions, type Sessions } from '../ensemble/sessions.ts';
import type { EnsembleTask } from '../tasks.ts';
import { type Held, serve } from './serve.ts';

await serve<EnsembleTask>({ node: process.version, onnxruntime: onnxruntimeVersion }, async (task): Promise<Held> => {
  const { files, device, threads, batchSize, input, seed } = task;
  const open = device === 'sparse' ? await openSparse(files[0]!, threads) : await openSessions(files, device, threads);
  const shape = [batchSize, ...input];
  const images = randomImages(shape, seed);
  return {
    async run() {
      const start = performance.now();
      await open.probabilities(images, shape);
      return { infer: performance.now() - start };
    },
    close: () => open.close(),
  };
});

/** Imported only when it is asked for: elsewhere its kernels may not be there. */
async function openSparse(file: string, threads: number): Promise<Sessions> {
  const { openModel } = await import('@freetickets/inference');
  const model = await openModel(file, { engine: 'sparse', threads });
  return {
    async probabilities(data, shape) {
      const results = await model.run({ images: { datatype: 'FP32', shape, data } }, ['probabilities']);
      return results.probabilities!.data as Float32Array;
    },
    close: () => model.close(),
  };
}
