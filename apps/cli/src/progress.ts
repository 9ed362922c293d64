/** A progress bar with the time left on a terminal; elsewhere nothing, so that the caller's plain lines stand alone. */
import cliProgress from 'cli-progress';

export interface ProgressBar {
  /** @param note stands behind the bar, e.g. the present loss */
  update(done: number, note?: string): void;
  /** Says a line above the bar. */
  say(line: string): void;
  stop(): void;
}

export function progressBar(label: string, total: number, say: (line: string) => void, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return { update() {}, say, stop() {} };
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: `${label} {bar} {percentage} %  {eta_formatted} left  {note}`,
      etaBuffer: 50,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(done, { note }),
    say(line) {
      stream.write('\r\u001b[K');
      say(line);
      bar.render();
    },
    stop: () => bar.stop(),
  };
}
