/** A progress bar with the time left on a terminal; elsewhere nothing, so that the caller's plain lines stand alone. */
import cliProgress from 'cli-progress';
import type { Talk } from './talk.ts';
import { durationText } from './text.ts';

export interface ProgressBar {
  /** @param note stands behind the bar, e.g. the present loss */
  update(done: number, note?: string): void;
  /** Says a line above the bar. */
  say(line: string): void;
  stop(): void;
}

export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** Where a resumed task begins. */
  readonly done?: number;
}

/** Nothing is changed about the terminal that would need restoring, so a process may die with a bar on the screen. */
export function progressBar(
  { label, total, done = 0 }: ProgressOptions,
  talk: Talk,
  stream: NodeJS.WriteStream = process.stderr,
): ProgressBar {
  if (!stream.isTTY || talk.quiet || process.env.TERM === 'dumb') return { update() {}, say: talk.say, stop() {} };
  const screen = new cliProgress.MultiBar(
    {
      stream,
      format: `${label} {bar} {percentage} %  {eta_formatted}  {note}`,
      formatTime: (seconds: number | string) => (typeof seconds === 'number' ? `${durationText(seconds)} left` : ''),
      etaBuffer: 50,
      barsize: 20,
      linewrap: true, // means: cut at the terminal's width
      forceRedraw: true, // a line said above the bar has moved it
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  const bar = screen.create(total, done, { note: '' });
  return {
    update: (now, note = '') => bar.update(now, { note }),
    say: (line) => screen.log(`${line}\n`),
    stop() {
      screen.update(); // lines that still wait
      screen.stop();
    },
  };
}
