/** The command line of `pnpm bench`. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SparseError } from '@freetickets/sparse-core';
import { inBench, inRepository } from './folders.ts';
import type { Settings } from './suite.ts';

export const OPTIONS_HELP = `  --quick          one short round of everything, to see that it runs
  --rounds N       turns of each side (default 7)
  --least MS       least length of a turn, in milliseconds (default 300)
  --threads N      of every side (default 2, or what there is)
  --engine NAME    of our side, as freetickets bench takes it (default native: fails rather than fall back)
  --only TEXT      only cases whose name contains this
  --data PATH      CIFAR-10 as an image folder or an archive of one, for edst
  --per-class N    pictures of each class that edst trains on, at most (default all)
  --seed N         keys every random draw (default 17)
  --out DIR        for the JSON files (default tooling/bench/results)
  --dry            print the tables and write nothing`;

export interface Options {
  /** Names as they were typed. */
  readonly suites: readonly string[];
  readonly settings: Settings;
  readonly out: string;
  readonly dry: boolean;
  readonly help: boolean;
}

const QUICK = { rounds: 1, leastMs: 20 };

/** @throws SparseError INVALID_CONFIG for what it does not understand */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const whole = (name: 'rounds' | 'least' | 'threads' | 'seed' | 'per-class', least: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least) return value;
    throw new SparseError('INVALID_CONFIG', `--${name}`, `a whole number of at least ${least}`, values[name]);
  };
  const pace = { rounds: whole('rounds', 1), leastMs: whole('least', 0) };
  return {
    suites: positionals,
    settings: {
      quick: values.quick,
      pace: values.quick ? QUICK : pace,
      threads: whole('threads', 1),
      engine: values.engine,
      seed: whole('seed', 0),
      only: values.only,
      data: resolve(values.data),
      ...(values['per-class'] !== undefined && { limitPerClass: whole('per-class', 1) }),
    },
    out: resolve(values.out),
    dry: values.dry,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '7' },
        least: { type: 'string', default: '300' },
        threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
        engine: { type: 'string', default: 'native' },
        only: { type: 'string', default: '' },
        data: { type: 'string', default: inRepository('../shared/data/cifar10-images.tar.gz') },
        'per-class': { type: 'string' },
        seed: { type: 'string', default: '17' },
        out: { type: 'string', default: inBench('results') },
        dry: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (cause) {
    const sentence = (cause as Error).message.split('\n', 1)[0]!;
    throw new SparseError('INVALID_CONFIG', 'pnpm bench', 'options that it knows', new Error(`others (${sentence})`), '--help lists them', {
      cause,
    });
  }
}
