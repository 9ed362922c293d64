/**
 * What an experiment is, in one table: the checks, the help, the command line's options, the keys of an experiment file and its published
 * JSON schema all come from here.
 */
import { datasetNames } from '@freetickets/datasets';
import { DEATH_RATES, DROP_RULES, GROW_RULES, METHODS, PROFILES, REDISTRIBUTIONS } from '@freetickets/dst-trainer';
import { z } from 'zod';

/** `value` stands for the value in help texts, `expected` in the sentence when one does not fit. */
const field = <S extends z.ZodType>(schema: S, value: string, help: string, expected: string) => ({ schema, value, help, expected });

const choice = <S extends z.ZodType>(schema: S, names: readonly string[], help: string) => ({
  ...field(schema, 'NAME', help, `one of ${names.join(', ')}`),
  names,
});

const whole = <S extends z.ZodType>(help: string, complete: (schema: z.ZodNumber) => S) =>
  field(complete(z.int().min(1)), 'N', help, 'a whole number of at least 1');

const namesOf = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

export const DISTRIBUTIONS = ['erk', 'er', 'uniform', 'uniform-dense-first', 'erk-plus', 'snip', 'grasp', 'global-magnitude'] as const;
const DROPS = namesOf(DROP_RULES);
const GROWTH = namesOf(GROW_RULES);
const REDISTRIBUTION = namesOf(REDISTRIBUTIONS);
const DEATH_RATE = namesOf(DEATH_RATES);
const PROFILE = namesOf(PROFILES);
const AUGMENTATION = ['none', 'crop-flip'] as const;
const ENGINES = ['auto', 'native', 'reference'] as const;

const share = z.number().gt(0).max(1);
const SHARE = 'a number above 0 and at most 1';
const notNegative = z.number().min(0);

const COMMON = {
  dataset: choice(z.enum(datasetNames).default('generated'), datasetNames, `what to train on: ${datasetNames.join(', ')}`),
  data: field(z.string().min(1).optional(), 'PATH', 'folder (for image-folder also a .tar or .tar.gz) with the data', 'a path'),
  network: field(
    z.string().min(1).default('lenet-300-100'),
    'NAME',
    'a model such as lenet-5, wrn-16-2 or resnet-20, or a .json file with a network spec',
    'a model or a .json file',
  ),
  method: choice(z.enum(METHODS).default('edst'), METHODS, 'edst: all tickets in one run; dst, static, dense, gmp: one run per ticket'),
  tickets: field(z.int().min(1).max(1000).default(3), 'N', 'members of the ensemble', 'a whole number from 1 to 1000'),
  sparsity: field(notNegative.lt(1).default(0.9), 'S', 'share of weights that is dead', 'a number from 0 to below 1'),
  exploreEpochs: field(z.int().min(1).max(1e6).default(15), 'N', 'epochs of exploration, once', 'a whole number from 1 to 1000000'),
  refineEpochs: field(z.number().min(1).max(1e6).default(10), 'N', 'epochs of refinement, per ticket', 'a number from 1 to 1000000'),
  rewireEvery: whole('training steps between two rewirings; default: those of 3 epochs, at most 1000', (n) => n.optional()),
  batchSize: whole('samples of one training step', (n) => n.default(128)),
  seed: field(z.int().min(0).default(17), 'N', 'keys every random draw', 'a whole number of at least 0'),
};

const ADVANCED = {
  learningRate: field(
    z.number().gt(0).default(0.1),
    'R',
    'first learning rate; refinement runs at a tenth and a hundredth',
    'a number above 0',
  ),
  momentum: field(notNegative.lt(1).default(0.9), 'M', 'momentum of SGD', 'a number from 0 to below 1'),
  weightDecay: field(notNegative.default(5e-4), 'D', 'weight decay, on every trained parameter', 'a number of at least 0'),
  distribution: choice(
    z.enum(DISTRIBUTIONS).default('erk'),
    DISTRIBUTIONS,
    `how live weights spread over the layers: ${DISTRIBUTIONS.join(', ')}`,
  ),
  erkPower: field(notNegative.optional(), 'X', "exponent of a layer's share in erk; 0 is uniform; default: 1", 'a number of at least 0'),
  classifierDensity: field(share.optional(), 'P', 'share of the classifier that lives in erk-plus; default: 1', SHARE),
  structure: field(
    z
      .string()
      .regex(/^(fan-in|srigl|[1-9]\d*:[1-9]\d*)$/)
      .optional(),
    'NAME',
    'pattern of the live weights: fan-in (equally many per unit), srigl (the same, and poor units are given up) or N:M such as 2:4; default: none',
    'fan-in, srigl or N:M such as 2:4',
  ),
  ablation: field(share.optional(), 'P', 'units with less than this share of their inputs worth keeping go (srigl); default: 0.3', SHARE),
  drop: choice(z.enum(DROPS).optional(), DROPS, `which weights die: ${DROPS.join(', ')}; default: magnitude`),
  dropThreshold: field(
    z.number().gt(0).optional(),
    'W',
    'weights up to this size die (drop threshold); default: 0.001',
    'a number above 0',
  ),
  growth: choice(
    z.enum(GROWTH).default('gradient'),
    GROWTH,
    `which weights come alive: gradient (RigL), random (SET), ${GROWTH.slice(2).join(', ')}`,
  ),
  growthMix: field(share.optional(), 'P', 'share of the new weights that comes by gradient (growth mix); default: 0.5', SHARE),
  redistribution: choice(
    z.enum(REDISTRIBUTION).optional(),
    REDISTRIBUTION,
    `what decides how many weights grow in which layer: ${REDISTRIBUTION.join(', ')}; default: none, as many as died there`,
  ),
  dropFraction: field(share.default(0.5), 'P', 'share of live weights dropped and regrown per rewiring', SHARE),
  deathRate: choice(
    z.enum(DEATH_RATE).optional(),
    DEATH_RATE,
    `how the dropped share changes over time: ${DEATH_RATE.join(', ')}; default: cosine for dst, constant for edst`,
  ),
  escape: field(share.default(0.8), 'P', 'share dropped and regrown between two tickets (edst)', SHARE),
  pruneEpochs: field(
    notNegative.optional(),
    'N',
    'epochs over which weights are pruned (gmp); default: half of all',
    'a number of at least 0',
  ),
  profile: choice(
    z.enum(PROFILE).optional(),
    PROFILE,
    'clean: the method as described; ref: as the published code runs it; default: clean',
  ),
  validation: field(
    z.number().gt(0).lt(1).default(0.1),
    'P',
    'share of the training data that chooses the tickets',
    'a number above 0 and below 1',
  ),
  limitPerClass: whole('only the first N pictures of each class', (n) => n.optional()),
  imageSize: whole('resize pictures to N x N (image-folder), or draw them so (generated)', (n) => n.optional()),
  augmentation: choice(
    z.enum(AUGMENTATION).optional(),
    AUGMENTATION,
    "none, or crop-flip: pad 4, crop, mirror; default: the data set's own",
  ),
  engine: choice(z.enum(ENGINES).default('auto'), ENGINES, 'auto (the fastest that runs here), native, reference'),
  threads: field(
    z.int().min(1).max(1024).optional(),
    'N',
    'threads of the native engine; default: all processors',
    'a whole number from 1 to 1024',
  ),
  loaderWorkers: field(
    z.int().min(0).max(64).default(1),
    'N',
    'threads that make batches ahead of the training; 0: it makes them itself',
    'a whole number from 0 to 64',
  ),
  checkpointEvery: whole('training steps between two checkpoints, besides one per epoch', (n) => n.default(1000)),
};

export const FIELDS = { ...COMMON, ...ADVANCED };

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];
export type Experiment = { readonly [Name in FieldName]: z.output<(typeof FIELDS)[Name]['schema']> };

export const isAdvanced = (name: FieldName): boolean => Object.hasOwn(ADVANCED, name);

/** What decides where, how fast and how safely something is computed, but not what: it may change while a run goes on. */
export const CIRCUMSTANCES = ['data', 'engine', 'threads', 'loaderWorkers', 'checkpointEvery'] as const satisfies readonly FieldName[];

/** `exploreEpochs` -> `--explore-epochs` */
export const flagOf = (name: FieldName): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Values by field as typed on a command line. */
export type Flags = Readonly<Partial<Record<FieldName, string>>>;

/** The published schema, by which editors complete and check experiment files. */
export function experimentSchema(): object {
  const keys = FIELD_NAMES.map((name) => [name, FIELDS[name].schema.describe(FIELDS[name].help)] as const);
  const schema = z.strictObject({ $schema: z.string().optional(), ...Object.fromEntries(keys) });
  return { ...z.toJSONSchema(schema, { io: 'input' }), title: 'FreeTickets experiment' };
}
