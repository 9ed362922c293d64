/** A small network with one of everything: two convolutions with batch norm around a sum, average and maximum pooling. For 8 x 8 pictures. */
export const SMALL_RESIDUAL = {
  version: 1,
  name: 'small-residual',
  input: { shape: [1, 8, 8] },
  nodes: [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 8, kernel: 3, pad: 1, bias: false },
    { id: 'norm1', op: 'batchNorm', from: ['conv1'] },
    { id: 'relu1', op: 'relu', from: ['norm1'] },
    { id: 'conv2', op: 'conv2d', from: ['relu1'], out: 8, kernel: 3, pad: 1, bias: false },
    { id: 'norm2', op: 'batchNorm', from: ['conv2'] },
    { id: 'sum', op: 'add', from: ['norm2', 'relu1'] },
    { id: 'relu2', op: 'relu', from: ['sum'] },
    { id: 'pool1', op: 'maxPool', from: ['relu2'], kernel: 2 },
    { id: 'pool2', op: 'avgPool', from: ['pool1'], kernel: 2 },
    { id: 'flatten', op: 'flatten', from: ['pool2'] },
    { id: 'fc', op: 'linear', from: ['flatten'], out: 10 },
  ],
  output: 'fc',
};
