/**
 * What a data set is here: pictures as bytes, labels as class indices, and the numbers that turn bytes into network input.
 * Loaders make it, `splitValidation` cuts it, `sourceOf` turns it into batches.
 */

/** Pictures of one shape and their classes. */
export interface Samples {
  readonly size: number;
  /** (size, C, H, W), 0 is black and 255 white. Of the loaders here it lies in shared memory. */
  readonly images: Uint8Array;
  /** (size): indices into the class names. */
  readonly labels: Int32Array;
}

/** (C, H, W) of one picture. */
export type PictureShape = readonly [channels: number, height: number, width: number];

/** Per channel, for pixels in [0, 1]: the network sees `(pixel - mean) / std`. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * Pad each side by `pad` pixels, crop back to the old size at a random place, then mirror with probability `flip`.
 * `reflect` mirrors the border without repeating the edge pixel; `zero` pads with black.
 */
export interface CropFlip {
  readonly pad: number;
  readonly fill: 'reflect' | 'zero';
  readonly flip: number;
  /** Side of a square that is blanked at a random place afterwards. Absent: none. */
  readonly cutout?: number;
}

/** Cut out a part of random size, shape and place, resize it to the whole picture's size, mirror it with probability `flip`. */
export interface ResizedCrop {
  /** Least and largest share of the picture's area. */
  readonly area: readonly [number, number];
  /** Least and largest width / height. */
  readonly ratio: readonly [number, number];
  readonly flip: number;
  /** Absent: colours stay. */
  readonly jitter?: ColourJitter;
}

/** How far colours may be changed; absent is 0. Of pictures with three channels. */
export interface ColourJitter {
  /** 0.4: values are multiplied with 0.6 to 1.4. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** At most 0.5, half a turn of the colour circle. */
  readonly hue?: number;
}

export type Augmentation = 'none' | CropFlip | ResizedCrop;

export interface Dataset {
  readonly name: string;
  /** Class names in label order. */
  readonly classes: readonly string[];
  readonly shape: PictureShape;
  readonly train: Samples;
  readonly test: Samples;
  readonly normalization: Normalization;
  /** What training passes do to pictures unless told otherwise. */
  readonly augmentation: Augmentation;
}

/** Pad 4 and mirror half of the pictures: the usual augmentation of 32x32 colour photographs. */
export const cropFlip = (over: Partial<CropFlip> = {}): CropFlip => ({ pad: 4, fill: 'reflect', flip: 0.5, ...over });

/** The augmentation of ImageNet: 8 to 100 % of the area, 3:4 to 4:3, mirrored half of the times. */
export const resizedCrop = (over: Partial<ResizedCrop> = {}): ResizedCrop => ({
  area: [0.08, 1],
  ratio: [3 / 4, 4 / 3],
  flip: 0.5,
  ...over,
});
