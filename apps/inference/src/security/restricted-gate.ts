// Triton's way to restrict groups of calls: whoever makes one sends a header with an agreed value. It stands before the keys and is asked for
// besides them. A value on a command line can be read by every user of a machine, so keys are the better way.

import { createHash, timingSafeEqual } from 'node:crypto';
import { SparseError } from '@freetickets/sparse-core';
import type { Caller, Credentials, Gate, Scope } from '../service.ts';
import { type Reason, ServiceError } from '../service-error.ts';
import { scopes } from './keys.ts';

/** Which header each restricted scope needs, and the digest of its value. */
export type Restrictions = ReadonlyMap<Scope, { readonly header: string; readonly digest: Buffer }>;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * @param texts   each `SCOPE[,SCOPE...]:HEADER=VALUE`
 * @param prefix  of the header's name as it is sent: gRPC's begin with `triton-grpc-protocol-`
 * @throws SparseError INVALID_CONFIG
 */
export function readRestrictions(texts: readonly string[], prefix: string, at: string): Restrictions {
  const restrictions = new Map<Scope, { readonly header: string; readonly digest: Buffer }>();
  for (const text of texts) {
    const [, names = '', header = '', value = ''] = /^([^:]+):([\w-]+)=(.+)$/.exec(text) ?? [];
    if (names === '') throw new SparseError('INVALID_CONFIG', at, 'SCOPE[,SCOPE...]:HEADER=VALUE', new Error('something else'));
    for (const name of names.split(',')) {
      if (name === 'shared-memory') continue; // one of Triton's groups, of which there are no calls here that do anything
      if (!scopes.includes(name as Scope)) throw new SparseError('INVALID_CONFIG', at, scopes.join(', '), name);
      if (restrictions.has(name as Scope)) throw new SparseError('INVALID_CONFIG', at, 'each scope once', name);
      restrictions.set(name as Scope, { header: (prefix + header).toLowerCase(), digest: digestOf(value) });
    }
  }
  return restrictions;
}

export class RestrictedGate implements Gate {
  readonly #restrictions: Restrictions;
  readonly #gate: Gate;
  readonly #onRefusal: (reason: Reason) => void;

  /** @param gate  asked about whoever sends the right header, and about calls that are not restricted */
  constructor(restrictions: Restrictions, gate: Gate, onRefusal: (reason: Reason) => void) {
    this.#restrictions = restrictions;
    this.#gate = gate;
    this.#onRefusal = onRefusal;
  }

  admit(credentials: Credentials, scope: Scope): Caller {
    const restriction = this.#restrictions.get(scope);
    if (restriction) {
      const given = credentials.header(restriction.header);
      if (given === undefined || !timingSafeEqual(digestOf(given), restriction.digest)) {
        this.#onRefusal('forbidden');
        throw new ServiceError('forbidden', `${scope} is restricted, expecting header '${restriction.header}'`);
      }
    }
    return this.#gate.admit(credentials, scope);
  }
}
