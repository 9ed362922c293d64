/** TensorFlow.js for the code inside: an argument, never an import, so that only who chooses this engine loads it. */
export type Tensorflow = typeof import('@tensorflow/tfjs-core');

/** Releases every tensor that `work` leaves behind, but for those in what it returns. */
export const tidied = <T>(tf: Tensorflow, work: () => T): T => tf.tidy(work as () => never) as T;
