// Lets callers in by key or certificate, within their scopes and rates. Health may be open to all, for probes that have no key.

import type { Caller, Credentials, Gate, Scope } from '../service.ts';
import { type Reason, ServiceError } from '../service-error.ts';
import { type Key, keyOfSecret } from './keys.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface GateOptions {
  /** None: everybody may do everything. */
  readonly keys?: readonly Key[];
  /** Scopes that need no key. */
  readonly open?: readonly Scope[];
  /** Calls a second of one address, whoever it is; unlimited by default. */
  readonly addressRate?: number;
  /** Told of everyone who is turned away. */
  readonly onRefusal?: (reason: Reason) => void;
}

export class KeyGate implements Gate {
  readonly #options: GateOptions;
  readonly #limiter = new RateLimiter();
  #keys: readonly Key[] | undefined;

  constructor(options: GateOptions = {}) {
    this.#options = options;
    this.#keys = options.keys;
  }

  /** From now on these keys count. */
  replaceKeys(keys: readonly Key[]): void {
    this.#keys = keys;
  }

  admit(credentials: Credentials, scope: Scope): Caller {
    try {
      return this.#admit(credentials, scope);
    } catch (error) {
      this.#options.onRefusal?.((error as ServiceError).reason);
      throw error;
    }
  }

  #admit(credentials: Credentials, scope: Scope): Caller {
    const { address } = credentials;
    const { open = [], addressRate } = this.#options;
    if (addressRate !== undefined) this.#limit(`address ${address}`, addressRate);
    if (this.#keys === undefined || open.includes(scope)) return { address };
    const key = keyOf(credentials, this.#keys);
    if (!key.scopes.has(scope)) throw new ServiceError('forbidden', `this key is not for ${scope}`);
    if (key.ratePerSecond !== undefined) this.#limit(`key ${key.name}`, key.ratePerSecond, key.burst);
    return { address, key: key.name };
  }

  #limit(name: string, rate: number, burst?: number): void {
    const seconds = this.#limiter.take(name, rate, burst);
    if (seconds > 0) throw new ServiceError('rate-limited', 'too many calls', { retryAfter: Math.ceil(seconds) });
  }
}

function keyOf({ header, certificate }: Credentials, keys: readonly Key[]): Key {
  const secret = secretOf(header('authorization'), header('x-api-key'));
  const key =
    secret === undefined ? keys.find((one) => one.certificate !== undefined && one.certificate === certificate) : keyOfSecret(keys, secret);
  if (key) return key;
  throw new ServiceError('unauthenticated', secret === undefined ? 'a key is needed: Authorization: Bearer KEY' : 'this key is not known');
}

/** Bearer, Basic (the key is the password) or X-API-Key. */
function secretOf(authorization: string | undefined, apiKey: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (authorization === undefined) return apiKey;
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
}
