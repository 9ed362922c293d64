import { decodeSafetensors, encodeSafetensors, encodeTicket, type Tensor } from '@freetickets/sparse-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { collect, ofType, smallPlan, smallRun } from '../test/small-run.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { momentum } from './rules/momentum.ts';
import { train } from './train.ts';
import type { TrainState } from './train-state.ts';

describe('checkpoint files', () => {
  let states: readonly TrainState[];
  let state: TrainState;
  beforeAll(async () => {
    const { events } = await collect(train(smallRun({ checkpointEvery: 1 })));
    states = ofType(events, 'checkpoint').map((event) => event.state);
    state = states[16]!; // step 17, in the second epoch of refine 1: there is a best ticket so far
  });

  it('bring back every state of a run as it was', () => {
    expect(state.best).toBeDefined();
    for (const each of states) expect(decodeCheckpoint(encodeCheckpoint(each), 'a').state).toEqual(each);
  });

  it("keep the writer's notes, and give equal bytes for equal states", () => {
    const bytes = encodeCheckpoint(state, { config: 'sha256 of it', 'a "name"': 'ü' });
    const { state: again, meta } = decodeCheckpoint(bytes, 'a');
    expect(meta).toEqual({ config: 'sha256 of it', 'a "name"': 'ü' });
    expect(encodeCheckpoint(again, meta)).toEqual(bytes);
  });

  it('cost about their live weights, not the dense ones', () => {
    const { tensors } = decodeSafetensors(encodeCheckpoint(state), 'a');
    const live = state.model.topology.get('fc2.weight')!.live.length;
    expect(tensors.get('model/fc2.weight')!.data).toHaveLength(live);
    expect(tensors.get('model/fc2.weight:momentum')!.data).toHaveLength(live);
    expect(tensors.get('fired/fc2.weight')!.data).toHaveLength((8 * 8) / 8);
    expect([...tensors.keys()].some((name) => name.startsWith('best/') && name.endsWith(':momentum'))).toBe(false);
  });

  /** The same file with one tensor or metadata text replaced or, with undefined, left out. */
  function edited(change: { tensors?: Record<string, Tensor | undefined>; metadata?: Record<string, string> }): Uint8Array {
    const { tensors, metadata } = decodeSafetensors(encodeCheckpoint(state), 'a');
    for (const [name, tensor] of Object.entries(change.tensors ?? {})) tensor ? tensors.set(name, tensor) : tensors.delete(name);
    return encodeSafetensors(tensors, { ...metadata, ...change.metadata });
  }

  const position = (over: object): { metadata: Record<string, string> } => {
    const { metadata } = decodeSafetensors(encodeCheckpoint(state), 'a');
    return { metadata: { position: JSON.stringify({ ...JSON.parse(metadata.position!), ...over }) } };
  };

  const expectBad = (bytes: Uint8Array, message: string) => {
    const read = () => decodeCheckpoint(bytes, 'run.safetensors');
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: 'BAD_FILE' }));
  };

  it('hold the averaged gradient while it is gathered, over all positions, and refuse a part of it', async () => {
    const plan = smallPlan({ momentum: 0.2, rewiring: { every: 7, grow: momentum() } }); // gathers 3 steps
    const { events } = await collect(train(smallRun({ plan, checkpointEvery: 1 })));
    const gathering = ofType(events, 'checkpoint').map((event) => event.state);
    expect(gathering.filter(({ average }) => average).map(({ step }) => step)).toEqual([5, 6, 7, 12, 13, 14, 19, 20, 21, 26, 27, 28]);
    const bytes = encodeCheckpoint(gathering[5]!);
    expect(decodeCheckpoint(bytes, 'a').state).toEqual(gathering[5]);
    const { tensors, metadata } = decodeSafetensors(bytes, 'a');
    expect(tensors.get('average/fc2.weight')).toMatchObject({ dtype: 'F32', shape: [64] });
    tensors.delete('average/fc2.weight');
    expectBad(encodeSafetensors(tensors, metadata), 'tensor average/fc2.weight: expected F32 of shape (64), received "no such tensor"');
  });

  it('are refused when they are something else', () => {
    expectBad(
      encodeTicket(state.model),
      'run.safetensors: metadata.format: expected freetickets.checkpoint, received "freetickets.ticket"',
    );
    expectBad(new Uint8Array(3), 'run.safetensors: expected a safetensors file');
    expectBad(edited({ metadata: { format_version: '3' } }), 'metadata.format_version: expected 2, received "3". Another version');
    expectBad(edited({ metadata: { seal: 'freetickets-sha257:' } }), 'metadata.seal: expected freetickets-sha256: and 64 digits');
  });

  it('are refused when they are cut off', () => {
    const bytes = encodeCheckpoint(state);
    for (const length of [0, 7, 100, bytes.length - 1]) expectBad(bytes.slice(0, length), 'run.safetensors');
  });

  it('are refused with the field or tensor that is wrong', () => {
    expectBad(edited({ metadata: { spec: '{}' } }), 'metadata.spec: expected a network spec');
    expectBad(edited({ metadata: { position: '' } }), 'metadata.position: expected JSON');
    expectBad(edited({ metadata: { position: '3' } }), 'metadata.position: expected an object, received 3');
    expectBad(edited({ metadata: { meta: '{"a":1}' } }), 'metadata.meta: expected an object of texts');
    expectBad(
      edited({ tensors: { 'fired/fc1.weight': undefined } }),
      'tensor fired/fc1.weight: expected U8 of shape (6), received "no such tensor"',
    );
    expectBad(edited({ tensors: { 'model/fc1.weight': undefined } }), 'tensor model/fc1.weight');
    expectBad(edited({ tensors: { 'best/fc3.bias': undefined } }), 'tensor best/fc3.bias');
    expectBad(edited(position({ phase: -1 })), 'metadata.position.phase: expected a whole number of at least 0, received -1');
    expectBad(edited(position({ step: 1.5 })), 'metadata.position.step');
    expectBad(edited(position({ seed: undefined })), 'metadata.position.seed: expected a whole number, received undefined');
    expectBad(edited(position({ sums: { loss: null, correct: 0, seen: 0 } })), 'metadata.position.sums.loss');
    expectBad(edited(position({ best: [] })), 'metadata.position.best: expected an object');
  });
});
