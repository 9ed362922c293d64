/** TensorFlow 2.18 and later silently give zeros for `Round` of int32, of which nothing is to be rounded; see docs/runtimes.md. */
interface Kernel {
  readonly kernelName: string;
  readonly backendName: string;
  readonly kernelFunc: (params: { inputs: { x: { dtype: string } }; backend: unknown; attrs?: unknown }) => unknown;
}

/** The part of TensorFlow.js that a kernel is registered with. */
export interface KernelRegistry {
  getKernel(name: string, backend: string): Kernel;
  registerKernel(kernel: Kernel): void;
  unregisterKernel(name: string, backend: string): void;
}

export function roundIntegers(tf: KernelRegistry): void {
  const round = tf.getKernel('Round', 'tensorflow');
  const identity = tf.getKernel('Identity', 'tensorflow');
  tf.unregisterKernel('Round', 'tensorflow');
  tf.registerKernel({
    ...round,
    kernelFunc: (params) => (params.inputs.x.dtype === 'int32' ? identity : round).kernelFunc(params),
  });
}
