// The gate stands where a call's metadata arrives, before its messages do: who is turned away cannot fill memory.

import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Caller, Scope } from '../service.ts';
import { credentialsOf } from './call-context.ts';
import { failure, type Surface } from './surface.ts';

const callers = new WeakMap<Metadata, Caller>();

/** Who was let in with this call. */
export const callerOf = ({ metadata }: { readonly metadata: Metadata }): Caller => callers.get(metadata)!;

/** @param scopes  by the path of an rpc, for example `/inference.GRPCInferenceService/ServerLive` */
export function gateInterceptor(surface: Surface, scopes: ReadonlyMap<string, Scope>): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, nextMetadata) {
            try {
              callers.set(metadata, surface.gate.admit(credentialsOf(call, metadata), scopes.get(path)!));
            } catch (error) {
              return call.sendStatus(failure(error, surface, path.split('/').at(-1)!));
            }
            nextMetadata(metadata);
          },
        }),
    });
}
