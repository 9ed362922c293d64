/** What a command says: results to standard output, talk to standard error. With `--json` standard output is one document and nothing else. */
import { SparseError } from '@freetickets/sparse-core';

export interface Talk {
  readonly json: boolean;
  /** For people, to standard error. */
  say(text: string): void;
  /** The command's one result: a document for machines, or the text for people. */
  result(document: unknown, text: string): void;
}

export function talk(options: { readonly json?: boolean | undefined; readonly quiet?: boolean | undefined }): Talk {
  const json = options.json ?? false;
  return {
    json,
    say: (text) => {
      if (!options.quiet) process.stderr.write(`${text}\n`);
    },
    result: (document, text) => {
      process.stdout.write(`${json ? JSON.stringify(document) : text}\n`);
    },
  };
}

/** 0 done, 1 failed, 2 wrong use, 74 input or output failed, 75 stopped with a checkpoint: resume. */
export const EXIT = { failed: 1, usage: 2, io: 74, resume: 75 } as const;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof SparseError)) return EXIT.failed;
  if (error.code === 'INVALID_CONFIG') return EXIT.usage;
  return error.code === 'DISK_FULL' ? EXIT.io : EXIT.failed;
}

/** A fault of the user or of a file is one sentence; anything else is ours and shows its stack. */
export function explain(error: unknown): string {
  if (error instanceof SparseError) return `error: ${error.message}`;
  return `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

export const percent = (share: number, digits = 2): string => `${(100 * share).toFixed(digits)} %`;

/** 1.23e12 -> 1.23 TFLOP */
export function flopsText(flops: number): string {
  const [unit, size] = ([['PFLOP', 1e15], ['TFLOP', 1e12], ['GFLOP', 1e9]] as const).find(([, s]) => flops >= s) ?? (['MFLOP', 1e6] as const);
  return `${(flops / size).toPrecision(3)} ${unit}`;
}

export function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Columns of equal width, numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd();
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
