// The process that computes: started by spares.ts, it is told which model to load, says what that takes and gives, then answers frames on
// descriptor 3, one batch at a time. A run blocks its thread, which is why this is a process of its own; it ends with its parent.

import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import { cannotLoad, firstLine } from '../model.ts';
import { rawBytes, typedTensor } from '../protocol/bytes.ts';
import { encodeFrame, type Frame, FrameReader, framedTensors, type OutgoingTensor } from './frame.ts';
import type { ComputeTimes, OpenHeader, ReplyHeader, RunHeader, WorkerSpec } from './messages.ts';
import { openRunner } from './open-runner.ts';
import type { Runner } from './runner.ts';

type Reply = ReplyHeader extends infer R ? (R extends unknown ? Omit<R, 'tensors'> : never) : never;

// Whoever computes may use every core, and yet the server is never kept waiting for one. Threads that a model brings inherit it.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const socket = new Socket({ fd: 3, readable: true, writable: true });
// Ctrl-C and service managers signal the whole process group. The parent drains first and then closes the socket, which ends this process.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
socket.on('close', () => process.exit(0));
socket.on('error', () => process.exit(0));

function send(reply: Reply, tensors: readonly OutgoingTensor[] = []): void {
  socket.cork();
  for (const buffer of encodeFrame(reply, tensors)) socket.write(buffer);
  socket.uncork();
}

async function compute(runner: Runner, frame: Frame<RunHeader>): Promise<void> {
  const { outputs, parameters, budgetMs } = frame.header;
  const start = process.hrtime.bigint();
  const feeds = Object.fromEntries(framedTensors(frame).map((tensor) => [tensor.name, typedTensor(tensor)]));
  const fed = process.hrtime.bigint();
  const results = await runner.run(feeds, outputs, { parameters, ...(budgetMs !== undefined && { budgetMs }) });
  const computed = process.hrtime.bigint();
  const tensors = Object.entries(results).map(([name, { datatype, shape, data }]) => ({ name, datatype, shape, pieces: [rawBytes(data)] }));
  const times: ComputeTimes = {
    computeInputNs: Number(fed - start),
    computeInferNs: Number(computed - fed),
    computeOutputNs: Number(process.hrtime.bigint() - computed),
  };
  const counts = runner.takeCounts();
  send({ kind: 'result', times, ...(counts && { counts }) }, tensors);
}

const words = (error: unknown): string => firstLine(error instanceof Error ? error.message : String(error));

function sendFault(error: unknown): void {
  const invalid = error instanceof SparseError && (error.code === 'INVALID_ARGUMENT' || error.code === 'SHAPE_MISMATCH');
  send({ kind: invalid ? 'invalid' : 'error', reason: words(error) });
}

async function open(spec: WorkerSpec): Promise<void> {
  try {
    runner = await openRunner(spec);
    const { inputs, outputs, engine, classes, reference } = runner;
    send({ kind: 'ready', model: { inputs, outputs, engine, ...(classes && { classes }), ...(reference && { reference }) } });
  } catch (error) {
    const { code, at, expected, received, hint } = error instanceof SparseError ? error : cannotLoad(spec.path, error as Error);
    send({ kind: 'failed', code, at, expected, received, hint });
  }
}

let runner: Runner | undefined;
let last = Promise.resolve();
const reader = new FrameReader<OpenHeader | RunHeader>(({ header, payload }) => {
  const act = () => ('spec' in header ? open(header.spec) : compute(runner!, { header, payload }));
  last = last.then(act).catch(sendFault);
});
socket.on('data', (chunk) => reader.push(chunk));
