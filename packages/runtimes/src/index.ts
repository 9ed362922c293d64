export {
  type LoadOnnxruntimeOptions,
  loadOnnxruntime,
  type Onnxruntime,
  type OnnxruntimeStatus,
  onnxruntimeStatus,
} from './onnxruntime.node.ts';
export { loadTensorflow, type Tensorflow, type TensorflowStatus, tensorflowStatus } from './tensorflow.node.ts';
