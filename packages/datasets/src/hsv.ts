/** Hue, saturation and value of a colour, all in [0, 1], and back. */

export type Triple = [number, number, number];

/** The hue of a grey is 0. @param red, green, blue in [0, 1] */
export function hsvOf(red: number, green: number, blue: number): Triple {
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  if (range === 0) return [0, 0, value];
  let sector = 4 + (red - green) / range;
  if (value === red) sector = (green - blue) / range;
  else if (value === green) sector = 2 + (blue - red) / range;
  return [(sector / 6 + 1) % 1, range / value, value];
}

export function rgbOf(hue: number, saturation: number, value: number): Triple {
  const sector = Math.floor(hue * 6);
  const within = hue * 6 - sector;
  const low = value * (1 - saturation);
  const falling = value * (1 - saturation * within);
  const rising = value * (1 - saturation * (1 - within));
  switch (sector % 6) {
    case 0:
      return [value, rising, low];
    case 1:
      return [falling, value, low];
    case 2:
      return [low, value, rising];
    case 3:
      return [low, falling, value];
    case 4:
      return [rising, low, value];
    default:
      return [value, low, falling];
  }
}
