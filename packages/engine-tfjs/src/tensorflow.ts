/** TensorFlow.js as this package sees it: an argument, never an import, so that only who chooses this engine loads it. */

/** The module, for the code inside. */
export type Tensorflow = typeof import('@tensorflow/tfjs-core');

/** What a caller must have, said without the types of TensorFlow.js, which need those of a browser. */
export interface TensorflowModule {
  getBackend(): string;
  ready(): Promise<void>;
  version_core?: string;
}

/** Releases every tensor that `work` leaves behind, but for those in what it returns. */
export const tidied = <T>(tf: Tensorflow, work: () => T): T => tf.tidy(work as () => never) as T;
