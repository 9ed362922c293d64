/** One reader's process, started by fuzz.mjs: inputs in rounds; what reaches new code joins those that others are made from. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rng, SparseError } from '../../packages/sparse-core/dist/index.js';
import { Coverage } from './coverage.mjs';
import { mutate } from './mutate.mjs';
import { readersIn } from './readers.mjs';

const [name, folder, inputs, seconds, seed] = process.argv.slice(2);
/** Asking for coverage takes longer than reading: it is asked once a round, and only of a round with news for each of its inputs. */
const ROUND = 50;
const MOST_KEPT = 500;
/** Milliseconds of one input, and what the process may grow by. */
const MOST_CPU = 1000;
const MOST_MEGABYTES = 400;
const AT = 'given.file';

const { seeds, tokens, repair, read } = (await readersIn(folder))[name];
const corpus = seeds().map((bytes) => new Uint8Array(bytes));
const stream = rng(Number(seed)).stream('fuzz', name);
const prototypes = [Object.prototype, Array.prototype, Function.prototype].map((prototype) => [
  prototype,
  Reflect.ownKeys(prototype).length,
]);
const cpu = () => process.cpuUsage().user / 1000;
const report = { inputs: 0, read: 0, kept: 0, blocks: 0, megabytes: 0, slowest: 0 };

function fail(what, bytes) {
  const path = join(process.cwd(), `fuzz-${name}.bin`);
  writeFileSync(path, bytes);
  process.send({ ...report, failure: `${what}; the input is in ${path}` }, () => process.exit(1));
  return new Promise(() => {});
}

/** Whether the input was read; else it was refused rightly. */
async function give(bytes) {
  const before = cpu();
  let accepted = true;
  try {
    await read(bytes, AT);
  } catch (error) {
    accepted = false;
    if (!(error instanceof SparseError)) await fail(`expected a SparseError, received ${error.stack}`, bytes);
    if (error.message.length > 20_000) await fail(`expected a readable sentence, received ${error.message.length} characters`, bytes);
  }
  const took = Math.round(cpu() - before);
  report.slowest = Math.max(report.slowest, took);
  if (took > MOST_CPU) await fail(`expected at most ${MOST_CPU} ms, received ${took} ms`, bytes);
  for (const [prototype, count] of prototypes)
    if (Reflect.ownKeys(prototype).length !== count) await fail('expected prototypes as they were, received another property', bytes);
  return accepted;
}

for (const bytes of corpus) await read(bytes, AT);
const base = process.memoryUsage().rss;
const coverage = await Coverage.start();
const until = performance.now() + 1000 * Number(seconds);
while (report.inputs < Number(inputs) && performance.now() < until) {
  const round = Array.from({ length: Math.min(ROUND, Number(inputs) - report.inputs) }, () => {
    const bytes = mutate(corpus[stream.below(corpus.length)], stream, { tokens, others: corpus });
    return repair && stream.below(2) === 0 ? repair(bytes) : bytes;
  });
  for (const bytes of round) {
    if (await give(bytes)) report.read++;
    report.inputs++;
  }
  const fresh = await coverage.fresh();
  for (const bytes of fresh.size > 0 ? round : []) {
    await give(bytes);
    const first = (await coverage.ran()).filter((block) => fresh.delete(block)).length > 0;
    if (first && corpus.length < MOST_KEPT) corpus.push(bytes);
  }
  report.kept = corpus.length - seeds().length;
  report.blocks = coverage.blocks;
  report.megabytes = Math.max(report.megabytes, Math.round((process.memoryUsage().rss - base) / 2 ** 20));
  if (report.megabytes > MOST_MEGABYTES)
    await fail(`expected at most ${MOST_MEGABYTES} MB more, received ${report.megabytes} MB`, round.at(-1));
  process.send({ ...report });
}
process.disconnect();
