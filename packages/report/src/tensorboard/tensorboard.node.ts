/** A run as event files that TensorBoard reads: scalars, histograms of weights, pictures of topologies, the configuration as text and hparams. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelState, SparseError } from '@freetickets/sparse-core';
import { metricsOf } from '../event-metrics.ts';
import { histogram } from '../histogram.ts';
import type { Reporter, RunEnd, RunEvent, RunStart } from '../reporter.ts';
import { topologyMaps } from '../topology-maps.ts';
import { EventFile, isEventFile } from './event-file.node.ts';
import { histogramValue, hparamsEnd, hparamsStart, image, markdownTable, type SummaryValue, scalar, text } from './summaries.ts';

/**
 * Writes into `folder`; of a run with several members into a folder for each in it, `member-0` and so on. A run that goes on adds a file.
 * @throws SparseError ALREADY_EXISTS when the folder holds event files of another run, or as `makeFolder` does
 */
export async function openTensorBoard(folder: string, start: RunStart): Promise<Reporter> {
  if (!start.resumed) await checkEventFolder(folder);
  const own = await EventFile.create(folder, start.time);
  await own.write(0, start.time, [
    text('configuration', markdownTable(['field', 'value'], entriesOf(start.configuration))),
    text('provenance', markdownTable(['what', 'value'], start.provenance)),
    hparamsStart(start),
  ]);
  return new TensorBoardReporter(folder, own, start);
}

/** @throws SparseError ALREADY_EXISTS when there are event files in `folder` or below */
export async function checkEventFolder(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const found = names.find(isEventFile);
  if (found === undefined) return;
  throw new SparseError('ALREADY_EXISTS', folder, 'a folder without event files', found, 'Choose another, or remove it');
}

const entriesOf = (configuration: RunStart['configuration']): [string, string][] =>
  Object.entries(configuration).map(([field, value]) => [field, String(value)]);

class TensorBoardReporter implements Reporter {
  readonly #folder: string;
  readonly #own: EventFile;
  readonly #start: RunStart;
  /** By member. */
  readonly #files = new Map<number, EventFile>();

  constructor(folder: string, own: EventFile, start: RunStart) {
    this.#folder = folder;
    this.#own = own;
    this.#start = start;
  }

  async take(event: RunEvent, time: number): Promise<void> {
    const file = await this.#fileOf(event.member, time);
    if (event.type === 'back') await file.restart(event.step + 1, time);
    else await file.write(event.step, time, valuesOf(event));
  }

  async end(how: RunEnd, time: number): Promise<void> {
    await this.#own.write(0, time, [hparamsEnd(how, time)]);
    for (const file of new Set([this.#own, ...this.#files.values()])) await file.close();
  }

  async #fileOf(member: number, time: number): Promise<EventFile> {
    const open = this.#files.get(member);
    if (open) return open;
    const { members, resumed } = this.#start;
    const file = members === 1 ? this.#own : await EventFile.create(join(this.#folder, `member-${member}`), time);
    if (resumed) await file.restart(member === resumed.member ? resumed.step + 1 : 1, time);
    this.#files.set(member, file);
    return file;
  }
}

function valuesOf(event: RunEvent): SummaryValue[] {
  const scalars = metricsOf(event).map(({ name, value }) => scalar(name, value));
  if (event.type === 'ticket') return [...scalars, ...topologyImages(event.state)];
  if (event.type === 'weights') return weightHistograms(event.state);
  return scalars;
}

/** Of live weights; biases and norms are few, and left out. */
function weightHistograms({ values }: ModelState): SummaryValue[] {
  return [...values].flatMap(([param, own]) => {
    const found = param.endsWith('weight') ? histogram(own) : undefined;
    return found ? [histogramValue(`weights/${param}`, found)] : [];
  });
}

/** How dense each part of a layer's matrix is, and where a first layer looks. */
function topologyImages(state: ModelState): SummaryValue[] {
  const { layers } = topologyMaps([state]) ?? { layers: [] };
  return layers.flatMap(({ param, rows, columns, tickets: [densities = []], pixels }) => [
    image(`topology/${param}`, densities, rows, columns),
    ...(pixels ? [image(`pixels/${param}`, pixels.tickets[0]!, pixels.height, pixels.width)] : []),
  ]);
}
