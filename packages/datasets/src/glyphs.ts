import { arc, type Polyline } from './stroke.ts';

export interface Glyph {
  readonly name: string;
  /** Within [-1, 1] in both directions, y downwards. */
  readonly strokes: readonly Polyline[];
}

/** The ten digits as a person writes them with a pen. */
export const glyphs: readonly Glyph[] = [
  { name: '0', strokes: [arc(0, 0, 0.6, 0.92, 0, 360)] },
  {
    name: '1',
    strokes: [
      [
        [-0.35, -0.55],
        [0.05, -0.92],
        [0.05, 0.92],
      ],
    ],
  },
  {
    name: '2',
    strokes: [
      [...arc(0, -0.42, 0.55, 0.5, 180, 390), [-0.6, 0.9]],
      [
        [-0.6, 0.9],
        [0.62, 0.9],
      ],
    ],
  },
  { name: '3', strokes: [arc(-0.05, -0.46, 0.52, 0.46, 200, 450), arc(-0.05, 0.44, 0.6, 0.48, -90, 155)] },
  {
    name: '4',
    strokes: [
      [
        [0.25, 0.92],
        [0.25, -0.92],
        [-0.62, 0.3],
        [0.64, 0.3],
      ],
    ],
  },
  {
    name: '5',
    strokes: [
      [
        [0.52, -0.9],
        [-0.42, -0.9],
        [-0.48, -0.08],
      ],
      arc(-0.02, 0.36, 0.58, 0.54, 218, 510),
    ],
  },
  {
    name: '6',
    strokes: [
      arc(0, 0.4, 0.55, 0.5, 0, 360),
      [
        [0.4, -0.92],
        [-0.1, -0.6],
        [-0.42, -0.12],
        [-0.55, 0.4],
      ],
    ],
  },
  {
    name: '7',
    strokes: [
      [
        [-0.6, -0.9],
        [0.6, -0.9],
        [-0.15, 0.92],
      ],
    ],
  },
  { name: '8', strokes: [arc(0, -0.46, 0.46, 0.43, 0, 360), arc(0, 0.45, 0.56, 0.47, 0, 360)] },
  {
    name: '9',
    strokes: [
      arc(0, -0.4, 0.52, 0.5, 0, 360),
      [
        [0.52, -0.4],
        [0.46, 0.2],
        [0.1, 0.92],
      ],
    ],
  },
];
