/** `pnpm bench [suite ...]`: installs the peers, runs the suites one after another, writes results and tables. */
import { SparseError } from '@freetickets/sparse-core';
import { describeMachine } from './description.ts';
import { installPeers } from './environment.ts';
import { inRepository } from './folders.ts';
import { measureLimits } from './limits.ts';
import { OPTIONS_HELP, type Options, parseOptions } from './options.ts';
import { earlierCases, type Result, sectionOf, updateDocument, versionsOf, writeResult } from './results.ts';
import { Sides } from './side.ts';
import type { Suite } from './suite.ts';
import { edst } from './suites/edst.ts';
import { ensemble } from './suites/ensemble.ts';
import { infer } from './suites/infer.ts';
import { layers } from './suites/layers.ts';
import { memory } from './suites/memory.ts';
import { peak } from './suites/peak.ts';
import { rewire } from './suites/rewire.ts';
import { serve } from './suites/serve.ts';
import { step } from './suites/step.ts';
import { threads } from './suites/threads.ts';
import { wasm } from './suites/wasm.ts';

const SUITES: readonly Suite[] = [peak, step, infer, ensemble, layers, memory, threads, wasm, rewire, edst, serve];

const HELP = `pnpm bench [SUITE ...] [options]: FreeTickets and its peers side by side; without a suite, all of them.

${SUITES.map(({ name, about }) => `  ${name.padEnd(10)}${about}`).join('\n')}

${OPTIONS_HELP}`;

const say = (line: string) => process.stderr.write(`${line}\n`);

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(`${HELP}\n`);
  else await runSuites(options);
} catch (error) {
  if (!(error instanceof SparseError)) throw error;
  say(`error: ${error.message}`);
  process.exitCode = error.code === 'INVALID_CONFIG' ? 2 : 1;
}

async function runSuites({ suites: names, settings, out, dry }: Options): Promise<void> {
  const suites = chosen(names);
  if (suites.some((suite) => suite !== peak)) installPeers(say);
  const limits = measureLimits(settings.threads, settings.quick ? 1 : 5, say);
  const machine = describeMachine();
  for (const suite of suites) {
    await using sides = new Sides();
    const earlier = settings.only === '' ? [] : earlierCases(suite.name, out);
    const outcome = await suite.run({ settings, sides, limits, earlier, say });
    const { data: _, ...kept } = settings;
    const facts = { suite: suite.name, date: new Date().toISOString(), settings: kept, machine, limits };
    const result: Result = { ...facts, versions: versionsOf(outcome.cases, machine), ...outcome };
    process.stdout.write(`\n## ${suite.name}\n\n${sectionOf(result)}\n`);
    if (dry) continue;
    say(`written: ${writeResult(result, out)}`);
    updateDocument(inRepository('docs/performance.md'), result);
  }
}

function chosen(names: readonly string[]): readonly Suite[] {
  const known = SUITES.map(({ name }) => name);
  for (const name of names) if (!known.includes(name)) throw new SparseError('INVALID_CONFIG', 'suite', `one of ${known.join(', ')}`, name);
  return SUITES.filter(({ name }) => names.length === 0 || names.includes(name));
}
