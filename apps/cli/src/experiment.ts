/**
 * What an experiment is, in one table: the checks, the help, the command line's options, the keys of an experiment file and its published
 * JSON schema all come from here.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { datasetNames } from '@freetickets/datasets';
import { METHODS } from '@freetickets/dst-trainer';
import { nearest, SparseError } from '@freetickets/sparse-core';
import { z } from 'zod';

interface Field {
  readonly schema: z.ZodType;
  readonly help: string;
  /** For the sentence when a value does not fit. */
  readonly expected: string;
  /** What stands for the value in help texts. */
  readonly value: string;
  readonly advanced?: true;
}

const whole = z.int().min(1);
const share = z.number().gt(0).max(1);
const oneOf = (names: readonly string[]) => `one of ${names.join(', ')}`;
const DISTRIBUTIONS = ['erk', 'er', 'uniform'] as const;
const GROWTH = ['gradient', 'random'] as const;
const AUGMENTATION = ['none', 'crop-flip'] as const;
const ENGINES = ['auto', 'native', 'reference'] as const;

export const FIELDS = {
  dataset: { schema: z.enum(datasetNames).default('generated'), help: `what to train on: ${datasetNames.join(', ')}`, expected: oneOf(datasetNames), value: 'NAME' },
  data: { schema: z.string().min(1).optional(), help: 'folder (or, for image-folder, also a .tar or .tar.gz) with the data', expected: 'a path', value: 'PATH' },
  network: { schema: z.string().min(1).default('lenet-300-100'), help: 'a model such as lenet-5, wrn-16-2, resnet-20, or a .json file with a network spec', expected: 'a model or a .json file', value: 'NAME' },
  method: { schema: z.enum(METHODS).default('edst'), help: 'edst: all tickets in one run; dst, static, dense: one run per ticket', expected: oneOf(METHODS), value: 'NAME' },
  tickets: { schema: whole.default(3), help: 'members of the ensemble', expected: 'a whole number of at least 1', value: 'N' },
  sparsity: { schema: z.number().min(0).lt(1).default(0.9), help: 'share of weights that is dead', expected: 'a number from 0 to below 1', value: 'S' },
  exploreEpochs: { schema: whole.default(15), help: 'epochs of exploration, once', expected: 'a whole number of at least 1', value: 'N' },
  refineEpochs: { schema: z.number().gt(0).default(10), help: 'epochs of refinement, per ticket', expected: 'a number above 0', value: 'N' },
  rewireEvery: { schema: whole.default(1000), help: 'training steps between two rewirings', expected: 'a whole number of at least 1', value: 'N' },
  batchSize: { schema: whole.default(128), help: 'samples of one training step', expected: 'a whole number of at least 1', value: 'N' },
  seed: { schema: z.int().min(0).default(17), help: 'keys every random draw', expected: 'a whole number of at least 0', value: 'N' },
  learningRate: { schema: z.number().gt(0).default(0.1), help: 'first learning rate; refinement runs at a tenth and a hundredth', expected: 'a number above 0', value: 'R', advanced: true },
  momentum: { schema: z.number().min(0).lt(1).default(0.9), help: 'momentum of SGD', expected: 'a number from 0 to below 1', value: 'M', advanced: true },
  weightDecay: { schema: z.number().min(0).default(5e-4), help: 'weight decay, on every trained parameter', expected: 'a number of at least 0', value: 'D', advanced: true },
  distribution: { schema: z.enum(DISTRIBUTIONS).default('erk'), help: 'how live weights spread over the layers: erk, er, uniform', expected: oneOf(DISTRIBUTIONS), value: 'NAME', advanced: true },
  growth: { schema: z.enum(GROWTH).default('gradient'), help: 'which weights come alive: gradient (RigL) or random (SET)', expected: oneOf(GROWTH), value: 'NAME', advanced: true },
  dropFraction: { schema: share.default(0.5), help: 'share of live weights dropped and regrown per rewiring', expected: 'a number above 0 and at most 1', value: 'P', advanced: true },
  escape: { schema: share.default(0.8), help: 'share dropped and regrown between two tickets (edst)', expected: 'a number above 0 and at most 1', value: 'P', advanced: true },
  validation: { schema: z.number().gt(0).lt(1).default(0.1), help: 'share of the training data that chooses the tickets', expected: 'a number above 0 and below 1', value: 'P', advanced: true },
  limitPerClass: { schema: whole.optional(), help: 'only the first N pictures of each class', expected: 'a whole number of at least 1', value: 'N', advanced: true },
  imageSize: { schema: whole.optional(), help: 'resize pictures to N x N (image-folder), or draw them so (generated)', expected: 'a whole number of at least 1', value: 'N', advanced: true },
  augmentation: { schema: z.enum(AUGMENTATION).optional(), help: "none, or crop-flip: pad 4, crop, mirror; default: the data set's own", expected: oneOf(AUGMENTATION), value: 'NAME', advanced: true },
  engine: { schema: z.enum(ENGINES).default('auto'), help: 'auto (the fastest that runs here), native, reference', expected: oneOf(ENGINES), value: 'NAME', advanced: true },
  threads: { schema: whole.max(1024).optional(), help: 'threads of the native engine; default: all processors', expected: 'a whole number from 1 to 1024', value: 'N', advanced: true },
  checkpointEvery: { schema: whole.default(1000), help: 'training steps between two checkpoints, besides one per epoch', expected: 'a whole number of at least 1', value: 'N', advanced: true },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];
export type Experiment = { readonly [Name in FieldName]: z.output<(typeof FIELDS)[Name]['schema']> };

export const flagOf = (name: FieldName): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The published schema, by which editors complete and check experiment files. */
export function experimentSchema(): object {
  const shape = Object.fromEntries(FIELD_NAMES.map((name) => [name, FIELDS[name].schema.describe(FIELDS[name].help)]));
  const schema = z.toJSONSchema(z.strictObject({ $schema: z.string().optional(), ...shape }), { io: 'input' });
  return { ...schema, title: 'FreeTickets experiment' };
}

/**
 * Lays command-line values over those of a file, fills in defaults and checks everything.
 * @param flags as typed: texts
 * @throws SparseError INVALID_CONFIG naming the flag or the file's key, and every further fault
 */
export function resolveExperiment(flags: Readonly<Partial<Record<FieldName, string>>>, file?: { readonly path: string; readonly values: Readonly<Record<string, unknown>> }): Experiment {
  for (const key of Object.keys(file?.values ?? {})) {
    if (key === '$schema' || Object.hasOwn(FIELDS, key)) continue;
    const near = nearest(key, FIELD_NAMES);
    throw new SparseError('INVALID_CONFIG', `${file!.path}: ${key}`, 'a known key', key, near && `Did you mean ${near}?`);
  }
  const resolved: Record<string, unknown> = {};
  const faults: { at: string; expected: string; received: unknown }[] = [];
  for (const name of FIELD_NAMES) {
    const typed = flags[name];
    const given = typed === undefined ? file?.values[name] : readFlag(name, typed);
    const parsed = FIELDS[name].schema.safeParse(given);
    if (parsed.success) resolved[name] = parsed.data;
    else faults.push({ at: typed === undefined ? `${file!.path}: ${name}` : flagOf(name), expected: FIELDS[name].expected, received: typed ?? given });
  }
  const [first, ...others] = faults;
  if (first) {
    const more = others.map((fault) => `Also ${fault.at}: expected ${fault.expected}, received ${JSON.stringify(fault.received)}`).join('. ');
    throw new SparseError('INVALID_CONFIG', first.at, first.expected, first.received, more);
  }
  return resolved as Experiment;
}

/** A number where the field takes numbers; what is no number stays a text and fails the check. */
function readFlag(name: FieldName, typed: string): unknown {
  if (FIELDS[name].schema.safeParse(typed).success) return typed;
  const number = Number(typed);
  return typed.trim() === '' || Number.isNaN(number) ? typed : number;
}

/** @throws SparseError MISSING_FILE or INVALID_CONFIG */
export function readExperimentFile(path: string): { path: string; values: Record<string, unknown> } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SparseError('MISSING_FILE', path, 'an experiment file (JSON)', error);
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    throw new SparseError('INVALID_CONFIG', path, 'JSON', error);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw new SparseError('INVALID_CONFIG', path, 'an object of options', values);
  return { path, values: values as Record<string, unknown> };
}

/** Fields that change how fast and where something is computed, but not what. */
const CIRCUMSTANCES: readonly FieldName[] = ['threads', 'checkpointEvery', 'data'];

/** SHA-256 over everything that decides the result. */
export function experimentHash(experiment: Experiment): string {
  const relevant = Object.fromEntries(FIELD_NAMES.filter((name) => !CIRCUMSTANCES.includes(name)).map((name) => [name, experiment[name]]));
  return createHash('sha256').update(JSON.stringify(relevant)).digest('hex');
}
