/** Files of an ensemble open in onnxruntime-node, on the CPU or by CUDA, as apps/inference opens them. */
import type { InferenceSession } from 'onnxruntime-node';

process.env.ORT_DISABLE_TELEMETRY = '1'; // read when the module is loaded, hence the import below
const ort = (await import('onnxruntime-node')).default;

export const onnxruntimeVersion = ort.env.versions.node ?? 'unknown';

export type Device = 'cpu' | 'cuda';

export interface Sessions {
  /** Mean probabilities (batch, classes) over all files, which run one after the other. */
  probabilities(images: Float32Array, shape: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

export async function openSessions(files: readonly string[], device: Device, threads: number): Promise<Sessions> {
  const sessions: InferenceSession[] = [];
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  const close = async () => {
    for (const session of sessions.splice(0)) await session.release();
  };
  try {
    for (const file of files) sessions.push(await ort.InferenceSession.create(file, options));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async probabilities(images, shape) {
      const feeds = { images: new ort.Tensor('float32', images, [...shape]) };
      const answers: Float32Array[] = [];
      for (const session of sessions) answers.push((await session.run(feeds)).probabilities!.data as Float32Array);
      const [first] = answers as [Float32Array];
      if (answers.length === 1) return first;
      return first.map((_, k) => answers.reduce((sum, own) => sum + own[k]!, 0) / answers.length);
    },
    close,
  };
}
