/**
 * Where a run tells its course while it goes on: event files for TensorBoard, an MLflow server, or anything else that implements `Reporter`.
 * What is told is what the log of a run holds, and the weights besides.
 */
import type { ModelState } from '@freetickets/sparse-core';
import type { EpochPoint, Rewiring, TicketPoint } from './report.ts';

/** What there is to say of a run before its first step. */
export interface RunStart {
  /** Short; trackers list runs by it. */
  readonly name: string;
  /** By field; what was not asked for is not there. */
  readonly configuration: Readonly<Record<string, string | number | boolean>>;
  /** Name and value: hashes, data, versions. */
  readonly provenance: readonly (readonly [string, string])[];
  /** Trainings of the run, each of which counts its steps from 1. */
  readonly members: number;
  /** Of a run that goes on: from where. What was told of later steps was lost with them, and comes again. */
  readonly resumed?: { readonly member: number; readonly step: number } | undefined;
  /** In seconds since 1970. */
  readonly time: number;
}

/** Events of a member come in the order of their steps but for `back`, and members one after the other. */
export type RunEvent =
  | ({ readonly type: 'epoch' } & EpochPoint)
  | ({ readonly type: 'rewired' } & Rewiring)
  | ({ readonly type: 'ticket'; readonly state: ModelState } & TicketPoint)
  /** The weights as they are after a step. */
  | { readonly type: 'weights'; readonly member: number; readonly step: number; readonly state: ModelState }
  /** Training goes back to a step, and what was told of later ones is void. */
  | { readonly type: 'back'; readonly member: number; readonly step: number };

/** How a run ends: `stopped` may go on later. */
export type RunEnd = 'finished' | 'stopped' | 'failed';

/** One that throws is left out from then on; the run goes on. */
export interface Reporter {
  /**
   * Waits for nothing but a disk: what goes over a network is sent on the side.
   * @param time in seconds since 1970
   */
  take(event: RunEvent, time: number): Promise<void>;
  /** Waits a bounded time for what is still on its way. Called once, last. */
  end(how: RunEnd, time: number): Promise<void>;
}
