// Who may do what: a file of keys, each as the SHA-256 of a random secret, so that who reads the file cannot use it.
//
//   { "keys": [{ "name": "app", "sha256": "…", "scopes": ["inference", "metadata"], "ratePerSecond": 100, "burst": 200 },
//              { "name": "ops", "certificate": "ops.example.org", "scopes": ["*"] }] }

import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';
import type { Scope } from '../service.ts';

export const scopes: readonly Scope[] = [
  'health',
  'metadata',
  'inference',
  'model-config',
  'model-repository',
  'statistics',
  'trace',
  'logging',
  'metrics',
];

export interface Key {
  readonly name: string;
  /** Digest of the secret; absent for a key that is a certificate. */
  readonly digest?: Buffer;
  /** Common name of the client's certificate. */
  readonly certificate?: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly ratePerSecond?: number;
  /** Calls that may come at once; default a second's worth. */
  readonly burst?: number;
}

/** @throws SparseError MISSING_FILE; INVALID_CONFIG with the place */
export async function readKeys(path: string): Promise<readonly Key[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new SparseError('MISSING_FILE', path, 'a file of keys', error);
  });
  const { keys } = record(parse(text, path), path);
  if (!Array.isArray(keys) || keys.length === 0)
    throw new SparseError('INVALID_CONFIG', `${path}: keys`, 'an array of at least one key', keys);
  const read = keys.map((key, i) => readKey(record(key, `${path}: keys[${i}]`), `${path}: keys[${i}]`));
  const twice = read.find(({ name }, i) => read.findIndex((other) => other.name === name) !== i);
  if (twice) throw new SparseError('INVALID_CONFIG', `${path}: keys`, 'each name once', twice.name);
  return read;
}

/** The key with this secret; compares with every key, in the same time for each. */
export function keyOfSecret(keys: readonly Key[], secret: string): Key | undefined {
  const given = createHash('sha256').update(secret).digest();
  return keys.reduce<Key | undefined>((found, key) => (key.digest && timingSafeEqual(key.digest, given) ? key : found), undefined);
}

const known = ['name', 'sha256', 'certificate', 'scopes', 'ratePerSecond', 'burst'];

function readKey(given: Readonly<Record<string, unknown>>, at: string): Key {
  const { name, sha256, certificate, scopes: wanted, ratePerSecond, burst } = given;
  const fault = (field: string, expected: string, received: unknown) =>
    new SparseError('INVALID_CONFIG', `${at}.${field}`, expected, received);
  const odd = Object.keys(given).find((field) => !known.includes(field));
  if (odd !== undefined) throw new SparseError('INVALID_CONFIG', at, `the fields ${known.join(', ')}`, odd);
  if (typeof name !== 'string' || !/^[\w.@-]{1,64}$/.test(name)) throw fault('name', 'a name of letters, digits and .@_-', name);
  if ((sha256 === undefined) === (certificate === undefined))
    throw new SparseError('INVALID_CONFIG', at, 'either sha256 or certificate', new Error('both or none'));
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)))
    throw fault('sha256', '64 hexadecimal digits, the SHA-256 of the key', new Error('something else'));
  if (certificate !== undefined && typeof certificate !== 'string')
    throw fault('certificate', 'the common name of a certificate', certificate);
  if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every((scope) => scope === '*' || scopes.includes(scope as Scope)))
    throw fault('scopes', `"*" or some of ${scopes.join(', ')}`, wanted);
  for (const [field, value] of [
    ['ratePerSecond', ratePerSecond],
    ['burst', burst],
  ] as const) {
    if (value !== undefined && !(typeof value === 'number' && value > 0 && Number.isFinite(value)))
      throw fault(field, 'a number above 0', value);
  }
  return {
    name,
    ...(typeof sha256 === 'string' && { digest: Buffer.from(sha256, 'hex') }),
    ...(typeof certificate === 'string' && { certificate }),
    scopes: new Set(wanted.includes('*') ? scopes : (wanted as Scope[])),
    ...(typeof ratePerSecond === 'number' && { ratePerSecond }),
    ...(typeof burst === 'number' && { burst }),
  };
}

function parse(text: string, at: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SparseError('INVALID_CONFIG', at, 'JSON', new Error('something else')); // the text itself is nobody's business
  }
}

function record(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new SparseError('INVALID_CONFIG', at, 'an object', value);
}
