// From the options of a server to its gate and its certificates. Where others can reach the server, it does not start without one or
// the other, unless it is told that this is meant.

import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { SparseError } from '@freetickets/sparse-core';
import type { Gate } from '../service.ts';
import type { Reason } from '../service-error.ts';
import { KeyGate } from './key-gate.ts';
import { readKeys } from './keys.ts';
import { RestrictedGate, type Restrictions, readRestrictions } from './restricted-gate.ts';

export interface SecurityOptions {
  /** File of keys (see keys.ts). */
  readonly keys?: string;
  /** Health needs no key. */
  readonly openHealth?: boolean;
  /** Calls a second of one address; unlimited by default. */
  readonly addressRate?: number;
  /** PEM files of the server. */
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  /** PEM file of authorities: clients need a certificate that one of them signed. */
  readonly tlsCa?: string;
  /** Scopes that need a header, as `SCOPE[,SCOPE...]:HEADER=VALUE`. */
  readonly restrictedHttp?: readonly string[];
  /** The same over gRPC, where the metadata is called `triton-grpc-protocol-HEADER`. */
  readonly restrictedGrpc?: readonly string[];
  /** Listen where others can reach it without asking who they are. */
  readonly insecure?: boolean;
}

export interface Tls {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly ca?: Buffer;
}

export interface Security {
  /** Of HTTP, and of gRPC. */
  readonly gate: Gate;
  readonly grpcGate: Gate;
  readonly tls?: Tls;
  /** Reads the file of keys again. @throws SparseError, and the old keys stay */
  reloadKeys(): Promise<void>;
}

/** @throws SparseError INVALID_CONFIG, MISSING_FILE */
export async function openSecurity(host: string, options: SecurityOptions, onRefusal: (reason: Reason) => void): Promise<Security> {
  const { keys: path, openHealth = false, addressRate, tlsCa, insecure = false, restrictedHttp = [], restrictedGrpc = [] } = options;
  if (!isLoopback(host) && path === undefined && tlsCa === undefined && !insecure) {
    const hint = 'Or say --insecure, if everybody who reaches this address may use the server';
    throw new SparseError('INVALID_CONFIG', `host ${host}`, '--keys or --tls-ca, because others can reach it', new Error('neither'), hint);
  }
  const keys = path === undefined ? undefined : await readKeys(path);
  const http = readRestrictions(restrictedHttp, '', '--http-restricted-api');
  const grpc = readRestrictions(restrictedGrpc, 'triton-grpc-protocol-', '--grpc-restricted-protocol');
  const gate = new KeyGate({
    ...(keys && { keys }),
    open: openHealth ? ['health'] : [],
    ...(addressRate !== undefined && { addressRate }),
    onRefusal,
  });
  const tls = await readTls(options);
  const reloadKeys = async () => {
    if (path !== undefined) gate.replaceKeys(await readKeys(path));
  };
  const restricted = (restrictions: Restrictions) => new RestrictedGate(restrictions, gate, onRefusal);
  return { gate: restricted(http), grpcGate: restricted(grpc), ...(tls && { tls }), reloadKeys };
}

/** Whether only this machine can reach an address. */
export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

async function readTls({ tlsKey, tlsCert, tlsCa }: SecurityOptions): Promise<Tls | undefined> {
  if (tlsKey === undefined && tlsCert === undefined && tlsCa === undefined) return undefined;
  if (tlsKey === undefined || tlsCert === undefined)
    throw new SparseError('INVALID_CONFIG', 'TLS', 'both a key and a certificate of the server', new Error('one of them'));
  const [key, cert, ca] = await Promise.all([pem(tlsKey), pem(tlsCert), tlsCa === undefined ? undefined : pem(tlsCa)]);
  return { key, cert, ...(ca && { ca }) };
}

const pem = (path: string): Promise<Buffer> =>
  readFile(path).catch((error: Error) => {
    throw new SparseError('MISSING_FILE', path, 'a PEM file', error);
  });
