/** What a file says about itself beyond its graph: metadata properties named `freetickets.*`, each a JSON value. */
import { isRecord, type NetworkSpec, parseJson, SparseError } from '@freetickets/sparse-core';
import type { Normalization } from './normalize.ts';

/** How members stand in the graph: each for itself, or all side by side in one. */
export type Layout = 'fused' | 'grouped';

/** What the names of a ticket's constants begin with, in the layout `fused` and in `grouped`. */
export const prefixOf = (ticket: number): string => `member${ticket}/`;
export const SIDE_BY_SIDE = 'members/';

export interface TicketMetadata {
  /** Of these properties. */
  readonly format: 1;
  /** How many members stand in the graph; the lists below have one entry per member, so heads of one network repeat theirs. */
  readonly members: number;
  /** Names of the specs. */
  readonly networks: readonly string[];
  /** Optimiser steps taken. */
  readonly steps: readonly number[];
  /** Measured share of dead weights among those that may be sparse. */
  readonly sparsity: readonly number[];
  readonly layout: Layout;
  /** One per ticket: the network as it stands in the graph, batch norms folded where they can be. With the constants they are the tickets. */
  readonly specs: readonly NetworkSpec[];
  /** Class names in label order; null when they were not given. */
  readonly classes: readonly string[] | null;
  /** `inGraph`: the graph takes pixels in [0, 1]. Otherwise the caller must compute (x - mean) / std. Null when it was not given. */
  readonly normalization: (Normalization & { readonly inGraph: boolean }) | null;
  /** Whatever was measured before export; null when nothing was given. */
  readonly metrics: Readonly<Record<string, unknown>> | null;
  /** What a server needs to say how far an answer can be trusted; null when it was not given. */
  readonly calibration: Readonly<Record<string, unknown>> | null;
}

const PREFIX = 'freetickets.';

/** Every property is written, null ones too, so that a file which lacks one is known to be cut off. */
export function toProperties(metadata: TicketMetadata): { key: string; value: string }[] {
  return Object.entries(metadata).map(([key, value]) => ({ key: PREFIX + key, value: JSON.stringify(value) }));
}

type Check = (value: unknown, members: number) => boolean;

const isNumber = (value: unknown) => typeof value === 'number';
const isText = (value: unknown) => typeof value === 'string';
const listOf = (value: unknown, check: (item: unknown) => boolean): value is unknown[] => Array.isArray(value) && value.every(check);

/** In the order of reading: `members` comes before the lists that depend on it. */
const CHECKS: Readonly<Record<keyof TicketMetadata, readonly [expected: string, check: Check]>> = {
  format: ['1 (a newer version of FreeTickets may have written this file)', (value) => value === 1],
  members: ['a whole number of at least 1', (value) => Number.isInteger(value) && (value as number) >= 1],
  networks: ['one name per member', (value, members) => listOf(value, isText) && value.length === members],
  steps: ['one number per member', (value, members) => listOf(value, isNumber) && value.length === members],
  sparsity: ['one number per member', (value, members) => listOf(value, isNumber) && value.length === members],
  layout: ['"fused" or "grouped"', (value) => value === 'fused' || value === 'grouped'],
  specs: ['a network spec for each ticket', (value) => listOf(value, isRecord)],
  classes: ['a list of names or null', (value) => value === null || listOf(value, isText)],
  normalization: [
    'an object of inGraph, mean and std, or null',
    (value) =>
      value === null ||
      (isRecord(value) && typeof value.inGraph === 'boolean' && listOf(value.mean, isNumber) && listOf(value.std, isNumber)),
  ],
  metrics: ['an object or null', (value) => value === null || isRecord(value)],
  calibration: ['an object or null', (value) => value === null || isRecord(value)],
};

/** @param at the file, for messages. @throws SparseError BAD_FILE naming the property that is missing or wrong */
export function fromProperties(properties: Readonly<Record<string, string>>, at: string): TicketMetadata {
  const metadata: Record<string, unknown> = {};
  for (const [key, [expected, check]] of Object.entries(CHECKS)) {
    const text = Object.hasOwn(properties, PREFIX + key) ? properties[PREFIX + key] : undefined;
    const value = jsonOf(text);
    if (!check(value, metadata.members as number)) throw new SparseError('BAD_FILE', `${at}: ${PREFIX}${key}`, expected, text);
    metadata[key] = value;
  }
  return metadata as unknown as TicketMetadata;
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : parseJson(text);
  } catch {
    return undefined; // no value passes its check then
  }
}
