/** All 19 corruptions by the names that the field and the files of CIFAR-10-C use. */
import type { CorruptionName } from '@freetickets/sparse-core';
import { defocusBlur, gaussianBlur } from './blurs.ts';
import { brightness, contrast, saturate } from './colours.ts';
import { type Corrupt, corruptBy } from './corruption.ts';
import { elasticTransform } from './elastic-transform.ts';
import { fog } from './fog.ts';
import { frost } from './frost.ts';
import { glassBlur } from './glass-blur.ts';
import { jpegCompression } from './jpeg-compression.node.ts';
import { motionBlur } from './motion-blur.ts';
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from './noises.ts';
import { pixelate } from './pixelate.ts';
import { snow } from './snow.ts';
import { spatter } from './spatter.ts';
import { zoomBlur } from './zoom-blur.ts';

export const catalogue: Readonly<Record<CorruptionName, Corrupt>> = {
  gaussian_noise: corruptBy(gaussianNoise),
  shot_noise: corruptBy(shotNoise),
  impulse_noise: corruptBy(impulseNoise),
  defocus_blur: corruptBy(defocusBlur),
  glass_blur: corruptBy(glassBlur),
  motion_blur: corruptBy(motionBlur),
  zoom_blur: corruptBy(zoomBlur),
  snow: corruptBy(snow),
  frost: corruptBy(frost),
  fog: corruptBy(fog),
  brightness: corruptBy(brightness),
  contrast: corruptBy(contrast),
  elastic_transform: corruptBy(elasticTransform),
  pixelate: corruptBy(pixelate),
  jpeg_compression: corruptBy(jpegCompression),
  speckle_noise: corruptBy(speckleNoise),
  gaussian_blur: corruptBy(gaussianBlur),
  spatter: corruptBy(spatter),
  saturate: corruptBy(saturate),
};
