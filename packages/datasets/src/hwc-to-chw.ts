/** (size, H, W, C) to (size, C, H, W), into `out`. */
export function hwcToChw(interleaved: Uint8Array, out: Uint8Array, channels: number, plane: number): void {
  const pixels = channels * plane;
  for (let start = 0; start < out.length; start += pixels) {
    for (let channel = 0; channel < channels; channel++) {
      const to = start + channel * plane;
      for (let at = 0; at < plane; at++) out[to + at] = interleaved[start + at * channels + channel]!;
    }
  }
}

/** (size, C, H, W) to (size, H, W, C), into `out`. */
export function chwToHwc(planes: Uint8Array, out: Uint8Array, channels: number, plane: number): void {
  const pixels = channels * plane;
  for (let start = 0; start < planes.length; start += pixels) {
    for (let channel = 0; channel < channels; channel++) {
      const from = start + channel * plane;
      for (let at = 0; at < plane; at++) out[start + at * channels + channel] = planes[from + at]!;
    }
  }
}
