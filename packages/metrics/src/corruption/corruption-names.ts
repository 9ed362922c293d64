/** The corruptions of CIFAR-10-C, CIFAR-100-C and ImageNet-C by the names of the public files. @source Hendrycks and Dietterich, arXiv:1903.12261 */
export const CORRUPTIONS_15 = [
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

/** With the four that the authors keep for validation. */
export const CORRUPTIONS_19 = [...CORRUPTIONS_15, 'speckle_noise', 'gaussian_blur', 'spatter', 'saturate'] as const;

export type CorruptionName = (typeof CORRUPTIONS_19)[number];
