/** Strokes on a small raster: polylines of points, drawn with a round pen. Everything is in pixels, y downwards. */

export type Point = readonly [x: number, y: number];
export type Polyline = readonly Point[];

/** Part of an ellipse as a polyline. Angles in degrees, 0 to the right, 90 downwards. */
export function arc(cx: number, cy: number, rx: number, ry: number, from: number, to: number): Polyline {
  const steps = Math.max(2, Math.ceil(Math.abs(to - from) / 30));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / steps) * Math.PI) / 180;
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)] as const;
  });
}

/**
 * Draws a polyline into `canvas` (size, size) of coverages in [0, 1]; where strokes overlap the stronger one stays.
 *
 * @param pen width of the stroke in pixels; its edge is one pixel soft
 */
export function drawPolyline(canvas: Float32Array, size: number, line: Polyline, pen: number): void {
  for (let i = 1; i < line.length; i++) drawSegment(canvas, size, line[i - 1]!, line[i]!, pen / 2);
}

function drawSegment(canvas: Float32Array, size: number, [ax, ay]: Point, [bx, by]: Point, radius: number): void {
  const reach = radius + 0.5;
  const [left, right] = pixelRange(Math.min(ax, bx) - reach, Math.max(ax, bx) + reach, size);
  const [top, bottom] = pixelRange(Math.min(ay, by) - reach, Math.max(ay, by) + reach, size);
  const dx = bx - ax;
  const dy = by - ay;
  const lengthSquared = dx * dx + dy * dy || 1;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      // Distance from the pixel's centre to the segment.
      const px = x + 0.5 - ax;
      const py = y + 0.5 - ay;
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared));
      const distance = Math.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2);
      const coverage = Math.min(1, reach - distance);
      if (coverage > canvas[y * size + x]!) canvas[y * size + x] = coverage;
    }
  }
}

function pixelRange(from: number, to: number, size: number): [number, number] {
  return [Math.max(0, Math.floor(from)), Math.min(size - 1, Math.ceil(to))];
}
