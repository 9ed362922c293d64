// The child process that holds one model: started by supervisor.ts with `<path> <threads>`, it loads the model, says what it takes
// and gives, then answers frames in the order they come. It talks over the IPC channel only, and ends when its parent lets go of it.

import { firstLine, openModel } from './model.ts';
import type { Signature, Tensor } from './tensor.ts';

/** Parent to child: compute `outputs` from `feeds`. Typed arrays travel as they are (structured clone). */
export interface RequestFrame {
  readonly id: number;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly string[];
}

/** Child to parent: first `ready` or `failed`, then one `result` or `error` per request. */
export type ReplyFrame =
  | { readonly kind: 'ready'; readonly signature: Signature }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'result'; readonly id: number; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly kind: 'error'; readonly id: number; readonly reason: string };

const send = (frame: ReplyFrame): void => {
  if (process.connected) process.send!(frame);
};
const words = (error: unknown): string => firstLine(error instanceof Error ? error.message : String(error));
// The parent names the file itself, so it gets the reason alone.
const reasonOf = (error: unknown): string => words(error instanceof Error ? (error.cause ?? error) : error);

// Ctrl-C and service managers signal the whole process group. The parent drains first and then disconnects, which ends this process.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));

const [path = '', threads = '1'] = process.argv.slice(2);
try {
  const model = await openModel(path, { threads: Number(threads) });
  process.on('message', (frame: RequestFrame) => {
    model.run(frame.feeds, frame.outputs).then(
      (outputs) => send({ kind: 'result', id: frame.id, outputs }),
      (error: unknown) => send({ kind: 'error', id: frame.id, reason: words(error) }),
    );
  });
  send({ kind: 'ready', signature: { inputs: model.inputs, outputs: model.outputs } });
} catch (error) {
  send({ kind: 'failed', reason: reasonOf(error) });
}
