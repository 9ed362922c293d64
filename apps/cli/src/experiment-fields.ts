/**
 * What an experiment is, in one table: the checks, the help, the command line's options, the keys of an experiment file and its published
 * JSON schema all come from here.
 */
import { datasetNames } from '@freetickets/datasets';
import { BASES, DEATH_RATES, DROP_RULES, GROW_RULES, GUARD_ACTIONS, METHODS, PROFILES, REDISTRIBUTIONS } from '@freetickets/dst-trainer';
import { z } from 'zod';
import { scheduleField } from './schedule-field.ts';

/** `value` stands for the value in help texts, `expected` in the sentence when one does not fit. */
const field = <S extends z.ZodType>(schema: S, value: string, help: string, expected: string) => ({ schema, value, help, expected });

const choice = <S extends z.ZodType>(schema: S, names: readonly string[], help: string) => ({
  ...field(schema, 'NAME', help, `one of ${names.join(', ')}`),
  names,
});

const whole = <S extends z.ZodType>(help: string, complete: (schema: z.ZodNumber) => S) =>
  field(complete(z.int().min(1)), 'N', help, 'a whole number of at least 1');

/** On a command line without a value: true. */
const toggle = (help: string) => field(z.boolean().optional(), '', help, 'true or false');

const namesOf = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

const DISTRIBUTIONS = ['erk', 'er', 'uniform', 'uniform-dense-first', 'erk-plus', 'snip', 'grasp', 'global-magnitude'] as const;
const DROPS = namesOf(DROP_RULES);
const GROWTH = namesOf(GROW_RULES);
const REDISTRIBUTION = namesOf(REDISTRIBUTIONS);
const DEATH_RATE = namesOf(DEATH_RATES);
const PROFILE = namesOf(PROFILES);
export const AUGMENTATION = ['none', 'crop-flip', 'cutout', 'crop-flip-cutout', 'imagenet'] as const;
const OPTIMIZERS = ['sgd', 'adamw'] as const;
const DECAYS = ['all', 'weights'] as const;
export const ENGINES = ['auto', 'native', 'wasm', 'reference', 'tfjs', 'tfjs/tensorflow', 'tfjs/wasm', 'tfjs/cpu'] as const;

const share = z.number().gt(0).max(1);
const shareBelow1 = z.number().min(0).lt(1);
const SHARE = 'a number above 0 and at most 1';
const SHARE_BELOW_1 = 'a number from 0 to below 1';
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
  method: choice(
    z.enum(METHODS).default('edst'),
    METHODS,
    'edst, snapshot, fge: all tickets in one run; dst, static, dense (a deep ensemble), gmp, one-shot, pf, ltr: one run per ticket; mc-dropout, batch-ensemble, mimo, treenet: members share one network',
  ),
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
    scheduleField.optional(),
    'R',
    'first learning rate, later ones are a tenth and a hundredth; in a file also a schedule over the epochs of the run; default: 0.1, of adamw 0.001',
    'a number above 0 or a schedule',
  ),
  warmupEpochs: field(
    notNegative.optional(),
    'N',
    'epochs over which the learning rate rises from 0 at the start; default: 0',
    'a number of at least 0',
  ),
  optimizer: choice(z.enum(OPTIMIZERS).optional(), OPTIMIZERS, 'sgd (with momentum) or adamw; default: sgd'),
  momentum: field(shareBelow1.optional(), 'M', 'momentum of sgd; default: 0.9', SHARE_BELOW_1),
  nesterov: toggle("Nesterov's momentum, of sgd"),
  beta1: field(shareBelow1.optional(), 'B', 'share that the average gradient keeps per step, of adamw; default: 0.9', SHARE_BELOW_1),
  beta2: field(shareBelow1.optional(), 'B', 'the same of squared gradients; default: 0.999', SHARE_BELOW_1),
  weightDecay: field(notNegative.optional(), 'D', 'weight decay; default: 0.0005, of adamw 0.01', 'a number of at least 0'),
  decays: choice(z.enum(DECAYS).optional(), DECAYS, 'what decays: all that is trained, or the weights of layers only; default: all'),
  clipNorm: field(z.number().gt(0).optional(), 'N', 'largest norm of all gradients together; default: any', 'a number above 0'),
  labelSmoothing: field(shareBelow1.optional(), 'P', 'share of each target that is spread over all classes; default: 0', SHARE_BELOW_1),
  average: field(
    z
      .string()
      .regex(/^(swa|ema:0?\.\d*[1-9]\d*)$/)
      .optional(),
    'NAME',
    'tickets are averages over their phase: swa, of the ends of epochs, or ema:0.999, exponential over steps; default: none',
    'swa, or ema:DECAY with a decay between 0 and 1',
  ),
  averageFrom: field(
    shareBelow1.optional(),
    'P',
    'share of the phase after which the average begins; default: 0 for ema, 0.75 for swa',
    SHARE_BELOW_1,
  ),
  patience: whole('epochs without a better validation after which the phase of a ticket ends; default: none ends early', (n) =>
    n.optional(),
  ),
  guard: choice(
    z.enum(GUARD_ACTIONS).optional(),
    GUARD_ACTIONS,
    'what is done about a loss or gradient that is no finite number, and about layers in which nothing lives: stop, skip the step, or roll-back to the last checkpoint with half the learning rate; default: stop',
  ),
  maxGradientNorm: field(
    z.number().gt(0).optional(),
    'N',
    'largest norm of all gradients together that the guard lets pass; default: any finite one',
    'a number above 0',
  ),
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
  drop: choice(
    z.enum(DROPS).optional(),
    DROPS,
    `which weights die: ${DROPS.join(', ')}; default: magnitude; of one-shot, pf and ltr: global-magnitude`,
  ),
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
  base: choice(
    z.enum(BASES).optional(),
    BASES,
    'how a network that members share is trained (mc-dropout, batch-ensemble, mimo, treenet): dense, static or dst; default: dense',
  ),
  dropoutRate: field(
    z.number().gt(0).lt(1).optional(),
    'P',
    'share of the units left out (mc-dropout); default: 0.1',
    'a number between 0 and 1',
  ),
  passes: field(
    z.int().min(1).max(1000).optional(),
    'N',
    'passes with dropout, each a member (mc-dropout); default: 30',
    'a whole number from 1 to 1000',
  ),
  batchRepetitions: whole('how often a picture stands in a batch, for each ticket (mimo); default: 4', (n) => n.optional()),
  inputRepetition: field(
    z.number().min(0).max(1).optional(),
    'P',
    'share of the batch in which all tickets see the same picture (mimo); default: 0',
    'a number from 0 to 1',
  ),
  ownStages: whole(
    'last residual blocks, or other layers, classifier included, that each ticket has for itself (treenet); default: two thirds of all',
    (n) => n.optional(),
  ),
  fineTuneEpochs: whole('epochs of fine-tuning after the pruning (pf); default: as many as before it', (n) => n.optional()),
  fineTuneRate: field(
    z.number().gt(0).optional(),
    'R',
    'learning rate of the fine-tuning (pf); default: a hundredth of the first one',
    'a number above 0',
  ),
  rewindEpoch: field(
    z.int().min(0).optional(),
    'N',
    'epoch of the dense training whose values come back, 0: the first ones (ltr); default: a fiftieth of the epochs, at least 1',
    'a whole number of at least 0',
  ),
  roundShare: field(
    z.number().min(0.01).max(1).optional(),
    'P',
    'share of the remaining weights that is pruned in one round of training (ltr), such as 0.2; default: 1, all in one round',
    'a number from 0.01 to 1',
  ),
  cycleEpochs: field(
    z.int().min(2).multipleOf(2).optional(),
    'N',
    'epochs from one ticket to the next (fge); default: what fits into the last fifth of the epochs',
    'an even number of at least 2',
  ),
  profile: choice(
    z.enum(PROFILE).optional(),
    PROFILE,
    'clean: the method as described; ref: as the published code runs it; ref-dense: with its momentum of dead weights too, on the engine tfjs; default: clean',
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
    "none; crop-flip: pad 4, crop, mirror; cutout: the data set's own, then a square of half the side blanked; crop-flip-cutout: both; imagenet: parts of 8 to 100 %, resized, mirrored; default: the data set's own",
  ),
  mixup: field(
    z.number().gt(0).optional(),
    'ALPHA',
    'mixes pairs of pictures and their labels by shares from Beta(ALPHA, ALPHA); default: not',
    'a number above 0',
  ),
  from: field(
    z.string().min(1).optional(),
    'FILE',
    'ticket to start from, of this network and as sparse as the method starts, with a fresh optimizer; import makes one of PyTorch weights',
    'a ticket (.safetensors)',
  ),
  engine: choice(
    z.enum(ENGINES).default('auto'),
    ENGINES,
    'auto (the fastest sparse one that runs here), native, wasm, reference; tfjs: dense with masks, on the best backend of TensorFlow.js or on tfjs/tensorflow, tfjs/wasm, tfjs/cpu',
  ),
  threads: field(
    z.int().min(1).max(1024).optional(),
    'N',
    'threads of the native engine, in each of the processes; default: all processors, shared among these',
    'a whole number from 1 to 1024',
  ),
  shards: whole('parts that a batch is cut into, each with batch-norm statistics of its own, their gradients averaged; default: 1', (n) =>
    n.max(1024).optional(),
  ),
  processes: field(
    z.int().min(1).max(64).default(1),
    'N',
    'processes that share the parts of each batch (--shards); the result is the same whatever their number',
    'a whole number from 1 to 64',
  ),
  loaderWorkers: field(
    z.int().min(0).max(64).default(1),
    'N',
    'threads that make batches ahead of the training; 0: it makes them itself',
    'a whole number from 0 to 64',
  ),
  keepTrajectory: whole('first test pictures whose predictions are kept after each epoch, for evaluate --trajectory; default: none', (n) =>
    n.max(10_000).optional(),
  ),
  keepCheckpoints: whole('last checkpoints that stay on disk', (n) => n.default(3)),
  checkpointEvery: whole('training steps between two checkpoints, besides one per epoch', (n) => n.default(1000)),
};

export const FIELDS = { ...COMMON, ...ADVANCED };

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];
export type Experiment = { readonly [Name in FieldName]: z.output<(typeof FIELDS)[Name]['schema']> };

export const isAdvanced = (name: FieldName): boolean => Object.hasOwn(ADVANCED, name);

/** What decides where, how fast and how safely something is computed, but not what: it may change while a run goes on. */
export const CIRCUMSTANCES = [
  'data',
  'engine',
  'threads',
  'processes',
  'loaderWorkers',
  'checkpointEvery',
  'keepCheckpoints',
] as const satisfies readonly FieldName[];

/** `exploreEpochs` -> `--explore-epochs` */
export const flagOf = (name: FieldName): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A field of an experiment, for people. */
export interface FieldDescription {
  readonly name: FieldName;
  /** As in `--explore-epochs`. */
  readonly flag: string;
  readonly help: string;
  /** What a value has to be. */
  readonly expected: string;
  readonly fallback?: string;
  readonly advanced: boolean;
}

/** Every field, in the order of the help. */
export const experimentFields = (): readonly FieldDescription[] =>
  FIELD_NAMES.map((name) => {
    const { schema, help, expected } = FIELDS[name];
    const fallback = schema.safeParse(undefined).data;
    const known = fallback === undefined ? {} : { fallback: String(fallback) };
    return { name, flag: flagOf(name), help, expected, ...known, advanced: isAdvanced(name) };
  });

/** Values by field as typed on a command line. */
export type Flags = Readonly<Partial<Record<FieldName, string>>>;

/** The published schema, by which editors complete and check experiment files. */
export function experimentSchema(): object {
  const keys = FIELD_NAMES.map((name) => [name, FIELDS[name].schema.describe(FIELDS[name].help)] as const);
  const schema = z.strictObject({ $schema: z.string().optional(), ...Object.fromEntries(keys) });
  return { ...z.toJSONSchema(schema, { io: 'input' }), title: 'FreeTickets experiment' };
}
