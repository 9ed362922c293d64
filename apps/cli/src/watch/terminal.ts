/** Follows runs in a terminal until they are finished: a picture that is drawn anew in its place, or plain lines where there is no terminal. */
import { clearScreenDown, moveCursor } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { dashboard, lineOf } from './dashboard.ts';
import { runsIn } from './live-report.ts';
import { type RunStatus, statusOf } from './run-status.ts';

const LOOK_MS = 1000;

/**
 * @param paths run folders, and folders of sweeps
 * @param signal ends it
 * @param stream undefined: nothing is drawn
 * @returns where the runs stood at the end
 * @throws SparseError as `statusOf`
 */
export async function watchInTerminal(
  paths: readonly string[],
  signal: AbortSignal,
  stream: NodeJS.WriteStream | undefined,
): Promise<readonly RunStatus[]> {
  const show = stream && (stream.isTTY && process.env.TERM !== 'dumb' ? redrawn(stream) : lineByLine(stream));
  try {
    for (;;) {
      const statuses = await Promise.all((await runsIn(paths)).map(statusOf));
      show?.draw(statuses);
      if (signal.aborted || statuses.every(({ finished }) => finished)) return statuses;
      await delay(LOOK_MS, undefined, { signal }).catch(() => {}); // then the last look
    }
  } finally {
    show?.end();
  }
}

interface Show {
  draw(statuses: readonly RunStatus[]): void;
  end(): void;
}

/** In its place: over what was drawn before, if the terminal is as it was then. */
function redrawn(stream: NodeJS.WriteStream): Show {
  let drawn = 0;
  return {
    draw(statuses) {
      const { columns, rows } = stream;
      const lines = dashboard(statuses, { columns, rows })
        .split('\n')
        .slice(0, rows - 1)
        .map((line) => line.slice(0, columns));
      moveCursor(stream, 0, -Math.min(drawn, rows - 1));
      clearScreenDown(stream);
      stream.write(`${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    end() {},
  };
}

/** A line when something has changed. */
function lineByLine(stream: NodeJS.WriteStream): Show {
  const said = new Map<string, string>();
  return {
    draw(statuses) {
      for (const status of statuses) {
        const line = lineOf(status);
        if (said.get(status.run) === line) continue;
        said.set(status.run, line);
        stream.write(`${line}\n`);
      }
    },
    end() {},
  };
}
