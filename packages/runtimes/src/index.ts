export type { DriverStatus } from './driver.node.ts';
export type { Installation, Manifest, RuntimeName, Setup, SetupOptions } from './install.node.ts';
export {
  type LoadOnnxruntimeOptions,
  loadOnnxruntime,
  type Onnxruntime,
  type OnnxruntimeStatus,
  onnxruntimeCudaSetup,
  onnxruntimeStatus,
} from './onnxruntime.node.ts';
export type { Pin } from './pin.ts';
export type { PlaceOptions } from './place.node.ts';
export { setupText } from './setup-text.ts';
export type { LibraryStatus, RuntimeStatus } from './status.node.ts';
export { loadTensorflow, type Tensorflow, type TensorflowStatus, tensorflowSetup, tensorflowStatus } from './tensorflow.node.ts';
