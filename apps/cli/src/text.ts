/** Numbers and tables as people read them. */

/** 0.1234 -> 12.34 % */
export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z'];

/** Three digits and a prefix: 1.234e12 -> 1.23 TFLOP */
export function flopsText(flops: number): string {
  let value = flops;
  let prefix = 0;
  // What rounds to 1000 belongs to the next prefix.
  while (Number(value.toPrecision(3)) >= 1000 && prefix < PREFIXES.length - 1) {
    value /= 1000;
    prefix++;
  }
  return `${value.toPrecision(3)} ${PREFIXES[prefix]}FLOP`;
}

/** 8.25 -> 8.3 s, 119.7 -> 2 min 0 s, 3700 -> 1 h 2 min */
export function durationText(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1 ticket`, `3 tickets` */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Columns of equal width; the first to the left, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!));
  const line = (row: readonly string[]) => row.map(pad).join('  ').trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
