/**
 * Every allocation, new thread and call to Node-API of the addon failing in turn, then all from the n-th on. An addon compiled with failing.h;
 * sanitized-addon.mjs runs this. A call may throw or return nothing; afterwards everything has to work.
 *
 *     node tooling/fuzz/addon-failing.mjs --engine FOLDER
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: { engine: { type: 'string' } } });
const addon = createRequire(import.meta.url)(join(options.engine, 'build', `kernels-${process.platform}-${process.arch}.node`));

function failing(at, from) {
  process.env.FT_FAIL_AT = '0';
  process.env.FT_FAIL_FROM = '0';
  addon.misalignment(new Float32Array(1)); // asks, and so starts to count anew
  process.env.FT_FAIL_AT = String(at);
  process.env.FT_FAIL_FROM = String(from);
}

const [ops, floats, ints] = [new Int32Array(0), new Float32Array(64), new Int32Array(64)];
let executor;
const CALLS = {
  variants: () => addon.variants(),
  createExecutor: () => {
    executor = addon.createExecutor(0, 4);
    return executor;
  },
  run: () => addon.run(executor, ops, floats, ints, 16, 16) ?? 'done',
  misalignment: () => addon.misalignment(floats),
};

/** More than any call makes. */
const MOST = 40;
failing(0, 0);
CALLS.createExecutor();
for (const [name, call] of Object.entries(CALLS)) {
  const ends = { threw: 0, nothing: 0 };
  let points = 0;
  for (let n = 1; n <= MOST; n++) {
    for (const [at, from] of [
      [n, 0],
      [0, n],
    ]) {
      const whole = executor;
      failing(at, from);
      try {
        if (call() === undefined) ends.nothing++;
        else continue;
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        ends.threw++;
      } finally {
        failing(0, 0);
      }
      points = n;
      executor = whole;
      if (CALLS[name]() === undefined) throw new Error(`${name} does not work after its ${n}th request failed`);
    }
  }
  if (points === MOST) throw new Error(`${name} makes more requests than were made to fail`);
  gc();
  console.log(`addon: ${name}: ${points} requests failing in turn, ${ends.threw} calls threw, ${ends.nothing} returned nothing`);
}
for (let i = 0; i < 5; i++) gc();
