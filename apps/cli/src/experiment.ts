/** From what a person typed and wrote to one checked experiment, with every fault in one message. */
import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { listModels, modelByName, type NetworkSpec, nearest, parseJson, SparseError, show } from '@freetickets/sparse-core';
import { MOST_JSON_BYTES, readFileOrExplain } from '@freetickets/sparse-core/node';
import stripJsonComments from 'strip-json-comments';
import { conflictsOf } from './experiment-conflicts.ts';
import { CIRCUMSTANCES, type Experiment, FIELD_NAMES, FIELDS, type FieldName, type Flags, flagOf } from './experiment-fields.ts';

/** An experiment as a file has it. */
export interface ExperimentFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

interface Fault {
  readonly at: string;
  readonly expected: string;
  readonly received: unknown;
  readonly hint?: string | undefined;
}

/**
 * Lays command-line values over those of a file, fills in defaults and checks everything.
 * @throws SparseError INVALID_CONFIG naming the flag or the file's key, and every further fault
 */
export function resolveExperiment(flags: Flags, file: ExperimentFile = { path: '', values: {} }): Experiment {
  const faults = unknownKeys(file);
  const resolved: Record<string, unknown> = {};
  const placeOf = (name: FieldName) => (flags[name] === undefined && name in file.values ? `${file.path}: ${name}` : flagOf(name));
  for (const name of FIELD_NAMES) {
    const typed = flags[name];
    const given = typed === undefined ? file.values[name] : readFlag(name, typed);
    const parsed = FIELDS[name].schema.safeParse(given);
    if (parsed.success) resolved[name] = parsed.data;
    else faults.push({ at: placeOf(name), expected: FIELDS[name].expected, received: given, hint: didYouMean(name, given) });
  }
  if (faults.length === 0) faults.push(...contradictions(resolved as Experiment, placeOf));
  if (faults.length > 0) throw asError(faults);
  return resolved as Experiment;
}

/** A truth value or a number where the field takes such; what is neither stays a text and fails the check. */
function readFlag(name: FieldName, typed: string): unknown {
  if (FIELDS[name].schema.safeParse(typed).success) return typed;
  if (typed === 'true' || typed === 'false') return typed === 'true';
  const number = Number(typed);
  return typed.trim() === '' || Number.isNaN(number) ? typed : number;
}

function unknownKeys({ path, values }: ExperimentFile): Fault[] {
  const unknown = Object.keys(values).filter((key) => key !== '$schema' && !Object.hasOwn(FIELDS, key));
  return unknown.map((key) => {
    const near = nearest(key, FIELD_NAMES);
    const short = key.length > 100 ? `${key.slice(0, 97)}...` : key;
    return { at: `${path}: ${short}`, expected: 'a known key', received: key, hint: near && `Did you mean ${near}?` };
  });
}

function didYouMean(name: FieldName, given: unknown): string | undefined {
  const field = FIELDS[name];
  const near = 'names' in field && typeof given === 'string' ? nearest(given, field.names) : undefined;
  return near && `Did you mean ${near}?`;
}

/** Values that are fine alone and do not go together. */
function contradictions(experiment: Experiment, placeOf: (name: FieldName) => string): Fault[] {
  const { dataset, data, imageSize, network } = experiment;
  const faults: Fault[] = [];
  if (dataset === 'generated' && data !== undefined)
    faults.push({ at: placeOf('data'), expected: 'no path, because the generated set is drawn and not read', received: data });
  if (dataset !== 'generated' && data === undefined)
    faults.push({ at: placeOf('data'), expected: `the path of the data of ${dataset}`, received: new Error('nothing') });
  if (imageSize !== undefined && dataset !== 'generated' && dataset !== 'image-folder')
    faults.push({ at: placeOf('imageSize'), expected: `no value, because pictures of ${dataset} have one size`, received: imageSize });
  const unknown = network.endsWith('.json') ? undefined : unknownModel(network);
  if (unknown) faults.push({ at: placeOf('network'), ...unknown });
  for (const { field, expected } of conflictsOf(experiment)) faults.push({ at: placeOf(field), expected, received: experiment[field] });
  return faults;
}

function unknownModel(name: string): Omit<Fault, 'at'> | undefined {
  try {
    modelByName(name);
    return undefined;
  } catch (error) {
    const names = listModels().map((model) => model.name);
    const near = nearest(name, names);
    const expected = `one of ${names.join(', ')}, or a .json file`;
    // A model of a known family with, say, an impossible depth.
    if (error instanceof SparseError && error.at !== 'model') return { expected, received: new Error(`${name} (${error.message})`) };
    return { expected, received: name, hint: near && `Did you mean ${near}?` };
  }
}

/** A message stays readable even if a thousand keys are wrong. */
const MOST_FAULTS = 20;

function asError([first, ...others]: Fault[]): SparseError {
  const { at, expected, received, hint } = first!;
  const listed = others.slice(0, MOST_FAULTS - 1).flatMap((other) => [sentenceOf(other), other.hint]);
  const left = others.length - (MOST_FAULTS - 1);
  const sentences = [hint, ...listed, left > 0 ? `And ${left} more` : undefined].filter((text) => text !== undefined);
  const more = sentences.reduce((text, next) => (text.endsWith('?') ? `${text} ${next}` : `${text}. ${next}`), sentences.shift() ?? '');
  return new SparseError('INVALID_CONFIG', at, expected, received, more);
}

const sentenceOf = ({ at, expected, received }: Fault): string => `Also ${at}: expected ${expected}, received ${show(received)}`;

/**
 * JSON, with comments where there are any. Paths in the file are relative to the file.
 * @throws SparseError MISSING_FILE, BAD_FILE or INVALID_CONFIG
 */
export async function readExperimentFile(path: string): Promise<ExperimentFile> {
  const text = new TextDecoder().decode(await readFileOrExplain(path, 'an experiment file (JSON)', MOST_JSON_BYTES));
  const values = jsonIn(text, path);
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new SparseError('INVALID_CONFIG', path, 'an object of options', values);
  return { path, values: withPathsBeside(path, values as ExperimentFile['values']) };
}

/** The values of an experiment file with its paths, which are relative to the file, made absolute. */
export function withPathsBeside(file: string, values: ExperimentFile['values']): ExperimentFile['values'] {
  const { data, network, from } = values;
  const beside = (relative: string) => resolve(dirname(file), relative);
  return {
    ...values,
    ...(typeof data === 'string' && { data: beside(data) }),
    ...(typeof network === 'string' && network.endsWith('.json') && { network: beside(network) }),
    ...(typeof from === 'string' && { from: beside(from) }),
  };
}

function jsonIn(text: string, path: string): unknown {
  try {
    return parseJson(stripJsonComments(text));
  } catch (error) {
    throw new SparseError('INVALID_CONFIG', path, 'JSON', new Error(`something else (${(error as Error).message})`));
  }
}

/**
 * SHA-256 over everything that decides the result; of the network its spec and not its name.
 * @param from SHA-256 of the ticket that the run starts from
 */
export function experimentHash(experiment: Experiment, network: NetworkSpec, from?: string): string {
  const deciding = FIELD_NAMES.filter(
    (name) => !(CIRCUMSTANCES as readonly FieldName[]).includes(name) && name !== 'network' && name !== 'from',
  );
  const relevant = Object.fromEntries(deciding.map((name) => [name, experiment[name]]));
  return createHash('sha256')
    .update(JSON.stringify({ ...relevant, network, from }))
    .digest('hex');
}
