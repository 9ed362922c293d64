/** Fine-tuning and the way back to PyTorch, on run folders: what a run starts from, how it goes on, and what is refused before a folder is made. */
import { existsSync, readdirSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodePyTorch, fromPyTorch, network } from '@freetickets/sparse-core';
import { loadTicket } from '@freetickets/sparse-core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveExperiment } from '../experiment.ts';
import type { Flags } from '../experiment-fields.ts';
import { talk } from '../talk.ts';
import { exportRun } from './export.ts';
import { importWeights } from './import.ts';
import { resumeRun, startRun } from './train.ts';

const silent = talk({ json: false, quiet: true });
const options = { exploreEpochs: '1', refineEpochs: '1', tickets: '2', limitPerClass: '20', engine: 'reference', loaderWorkers: '0' };

let folder = '';
const at = (name: string) => join(folder, name);
const start = (name: string, flags: Flags, stop = {}) => startRun(resolveExperiment({ ...options, ...flags }), at(name), silent, stop);
const ticketIn = async (run: string, index = 0) => (await loadTicket(at(`${run}/tickets/ticket-${index}.safetensors`))).state;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-from-'));
  await start('sparse', { method: 'static', sparsity: '0.8' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('train --from', () => {
  const tiny = { method: 'static', sparsity: '0.8', learningRate: '1e-30', weightDecay: '0' };

  it('starts every member with the values and the topology of the ticket', async () => {
    const from = at('sparse/tickets/ticket-1.safetensors');
    const result = await start('tuned', { ...tiny, from });
    expect([result.finished, result.tickets.length]).toEqual([true, 2]);
    const source = await ticketIn('sparse', 1);
    for (const index of [0, 1]) {
      const ticket = await ticketIn('tuned', index);
      expect(ticket.topology).toEqual(source.topology);
      expect(ticket.values).toEqual(source.values);
    }
    const record = JSON.parse(await readFile(at('tuned/run.json'), 'utf8'));
    expect(record.from).toMatch(/^[0-9a-f]{64}$/);
    expect(record.experiment.from).toBe(from);
    expect(await readFile(at('tuned/start.safetensors'))).toEqual(await readFile(from));
  });

  it('goes on with the ticket that the run folder keeps, and refuses another one', async () => {
    const from = at('sparse/tickets/ticket-0.safetensors');
    const whole = { ...tiny, learningRate: '0.1', from };
    await start('whole', whole);
    expect((await start('stopped', whole, { afterEpoch: 2 })).finished).toBe(false); // at the end of the first member
    await appendFile(at('stopped/start.safetensors'), 'x');
    await expect(resumeRun(at('stopped'), silent)).rejects.toThrow(
      'start.safetensors: expected the bytes that its seal (SHA-256) was made of',
    );
    const bytes = await readFile(from);
    await rm(at('stopped/start.safetensors'));
    await writeFile(at('stopped/start.safetensors'), bytes);
    expect((await resumeRun(at('stopped'), silent)).finished).toBe(true);
    for (const ticket of ['ticket-0', 'ticket-1'])
      expect(await readFile(at(`stopped/tickets/${ticket}.safetensors`))).toEqual(
        await readFile(at(`whole/tickets/${ticket}.safetensors`)),
      );
  });

  it.each<[Flags, string]>([
    [{ method: 'static', sparsity: '0.9' }, 'a model of sparsity 0.9, with which the method static starts, received 0.8'],
    [{ method: 'pf' }, 'a model of sparsity 0, with which the method pf starts, received 0.8'],
    [{ method: 'static', sparsity: '0.8', network: 'lenet-5' }, 'a model of lenet-5, received "lenet-300-100". They differ in the node'],
  ])('%j is refused before there is a folder', async (flags, message) => {
    await expect(start('refused', { ...flags, from: at('sparse/tickets/ticket-0.safetensors') })).rejects.toThrow(message);
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('refuses what is no ticket by its name', async () => {
    await expect(start('refused', { from: at(`sparse/checkpoints/${readdirSync(at('sparse/checkpoints'))[0]}`) })).rejects.toThrow(
      'The file is not a ticket of FreeTickets',
    );
    await expect(start('refused', { from: at('nowhere') })).rejects.toThrow('nowhere');
  });
});

describe('export --format pytorch', () => {
  it('writes a state dict that holds the ticket, and import brings it back into a run', async () => {
    const output = at('weights.safetensors');
    expect(await exportRun(at('sparse'), { output, member: 1, format: 'pytorch', normalize: true }, silent)).toMatchObject({
      members: 1,
      tickets: 2,
    });
    const ticket = await ticketIn('sparse', 1);
    const tensors = decodePyTorch(await readFile(output), output);
    const back = fromPyTorch(network(ticket.spec), tensors, output, { zerosAreDead: true });
    expect(back.topology).toEqual(ticket.topology);
    expect(back.values).toEqual(ticket.values);
    await importWeights(output, { network: 'lenet-300-100', input: [1, 16, 16], output: at('again.safetensors'), prune: 'zeros' });
    expect((await start('again', { method: 'dst', sparsity: '0.8', from: at('again.safetensors') })).finished).toBe(true);
  });

  it('takes one ticket, and normalises nothing', async () => {
    const wrong = (over: object) => exportRun(at('sparse'), { output: at('none'), format: 'pytorch', normalize: true, ...over }, silent);
    await expect(wrong({})).rejects.toThrow(
      '--member: expected the number of one ticket, because a state dict (pytorch) holds one network',
    );
    await expect(wrong({ member: 0, normalize: false })).rejects.toThrow('--no-normalize: expected it with the format onnx only');
    expect(existsSync(at('none'))).toBe(false);
  });
});
