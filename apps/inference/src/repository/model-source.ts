// Where a model comes from: one file, or a folder of a repository. A source is read anew whenever something may have changed; what it
// says is compared by fingerprints, and only what differs is loaded again.

import { stat } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';
import type { ModelConfig } from './model-config.ts';
import { noRouting, type Routing } from './routing.ts';

export interface FoundVersion {
  readonly version: string;
  readonly path: string;
  /** Changes whenever the version has to be loaded anew. */
  readonly fingerprint: string;
}

export interface ModelListing {
  readonly config: ModelConfig;
  /** Those that the version policy chooses, newest first, then those that could stand in for them. */
  readonly versions: readonly FoundVersion[];
  /** How many of `versions`, from the first, are to be served. */
  readonly wanted: number;
  /** Versions that cannot be taken, and why. */
  readonly problems: ReadonlyMap<string, string>;
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly routing: Routing;
}

export interface ModelSource {
  readonly name: string;
  /** @throws SparseError when the source cannot be read at all; what was loaded from it stays */
  read(): Promise<ModelListing>;
}

/** One ONNX file, served as version 1. */
export function fileSource(name: string, path: string): ModelSource {
  return {
    name,
    async read() {
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) throw new SparseError('MISSING_FILE', path, 'an ONNX file', new Error('nothing: there is no such file'));
      const fingerprint = `${found.ino} ${found.size} ${found.mtimeMs}`;
      const versions = [{ version: '1', path, fingerprint }];
      return { config: {}, versions, wanted: 1, problems: new Map(), labels: {}, routing: noRouting };
    },
  };
}
