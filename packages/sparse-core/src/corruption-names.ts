/**
 * The corruptions of CIFAR-10-C, CIFAR-100-C and ImageNet-C by the names of the public files: what data sets make and measures average over.
 * @source Hendrycks and Dietterich, arXiv:1903.12261
 */
export const mainCorruptions = [
  'gaussian_noise',
  'shot_noise',
  'impulse_noise',
  'defocus_blur',
  'glass_blur',
  'motion_blur',
  'zoom_blur',
  'snow',
  'frost',
  'fog',
  'brightness',
  'contrast',
  'elastic_transform',
  'pixelate',
  'jpeg_compression',
] as const;

/** The four that the authors keep for validation. */
export const extraCorruptions = ['speckle_noise', 'gaussian_blur', 'spatter', 'saturate'] as const;

export const corruptionNames = [...mainCorruptions, ...extraCorruptions] as const;
export type CorruptionName = (typeof corruptionNames)[number];
