/** To the nearest whole number, halves to the even one: 32.5 becomes 32. So Python and OpenCV round. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}
