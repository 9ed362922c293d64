export { type CacheOptions, cacheFolder } from './cache.node.ts';
export { cifar10, cifar100 } from './cifar.node.ts';
export { datasetHash } from './content-hash.node.ts';
export {
  type Augmentation,
  type CropFlip,
  cropFlip,
  type Dataset,
  type Normalization,
  type PictureShape,
  type Samples,
} from './dataset.ts';
export { type DecodePictureOptions, decodePicture } from './decode-picture.node.ts';
export type { Progress } from './decode-set.node.ts';
export { type GeneratedOptions, generated } from './generated.ts';
export { type ImageFolderOptions, imageFolder } from './image-folder.node.ts';
export { type DatasetName, datasetNames, type LoadOptions, loadDataset } from './load-dataset.node.ts';
export { mnist } from './mnist.node.ts';
export { normalizationOf } from './normalization.ts';
export { type PrefetchedSource, type PrefetchOptions, prefetch } from './prefetch.node.ts';
export { type MemorySource, type SourceOptions, sourceOf } from './source.ts';
export { splitValidation } from './split.ts';
export { takePerClass } from './take-per-class.ts';
