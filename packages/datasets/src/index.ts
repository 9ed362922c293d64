export type { CacheOptions } from './cache.node.ts';
export { cifar10, cifar100 } from './cifar.node.ts';
export { type CifarCOptions, cifarC, corruptionsIn } from './cifar-c.node.ts';
export { datasetHash } from './content-hash.node.ts';
export { type CellsOptions, type CorruptedCell, corruptionCells } from './corruption-cells.node.ts';
export { type CorruptedOptions, corrupted } from './corruptions/corrupted.node.ts';
export { type Cell, type Severity, severities } from './corruptions/names.ts';
export {
  type Augmentation,
  type ColourJitter,
  type CropFlip,
  cropFlip,
  type Dataset,
  type Normalization,
  type PictureShape,
  type ResizedCrop,
  resizedCrop,
  type Samples,
} from './dataset.ts';
export { type DecodePictureOptions, decodePicture } from './decode-picture.node.ts';
export type { Progress } from './decode-set.node.ts';
export { type GeneratedOptions, generated } from './generated.ts';
export { type ImageFolderOptions, imageFolder } from './image-folder.node.ts';
export { type DatasetName, datasetNames, type LoadOptions, loadDataset } from './load-dataset.node.ts';
export { fashionMnist, mnist } from './mnist.node.ts';
export { type NoiseOptions, noise } from './noise.ts';
export { normalizationOf } from './normalization.ts';
export { type ChooseRows, type Rows, readNpy } from './npy.node.ts';
export type { NpyArray, NpyHeader, NpyType } from './npy.ts';
export { loadOod, type OodName, type OodOptions, type OodSet, oodNames } from './ood.node.ts';
export { type PrefetchedSource, type PrefetchOptions, prefetch } from './prefetch.node.ts';
export { type MemorySource, type SourceOptions, sourceOf } from './source.ts';
export { splitValidation } from './split.ts';
export { svhn, svhnPart } from './svhn.node.ts';
export { takePerClass } from './take-per-class.ts';
export { type WriteCifarCOptions, writeCifarC } from './write-cifar-c.node.ts';
