// A model file with all that its metadata allows: opened as a whole, and, once somebody wants members one by one, in parts.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { separateOnnx } from '@freetickets/onnx-export';
import type { ChosenEngine } from '../engines/engine.ts';
import type { ModelOptions, OnnxModel } from '../model.ts';
import { openFile, openModel, readModel } from '../model.ts';
import { parseCalibration } from './calibration.ts';
import type { References } from './drift.ts';
import { fromModel } from './member-probabilities.ts';
import type { Part } from './run-anytime.ts';
import { MEMBER_OUTPUT } from './wishes.ts';
import { type UncertainModel, withUncertainty } from './with-uncertainty.ts';

export interface OpenUncertainModel extends UncertainModel, AsyncDisposable {
  readonly engine: ChosenEngine;
  readonly classes?: readonly string[];
  readonly reference?: References;
}

/** @throws SparseError MISSING_FILE, BAD_FILE, the latter also for a calibration that does not read */
export async function openUncertain(path: string, options: ModelOptions): Promise<OpenUncertainModel> {
  const file = await readModel(path);
  const model = await openFile(file, options);
  const { bytes, description } = file;
  const { freetickets } = description;
  try {
    const parts: OnnxModel[] = [];
    const calibration = freetickets?.calibration ? parseCalibration(freetickets.calibration, path) : undefined;
    const openParts = async () => {
      parts.push(...(await openSeparately(path, options)));
      return parts.map(partOf);
    };
    return {
      ...withUncertainty(model, { calibration, networks: freetickets ? networksIn(bytes, path) : 1, openParts }),
      engine: model.engine,
      ...(freetickets?.classes && { classes: freetickets.classes }),
      ...(calibration && { reference: calibration.reference }),
      async [Symbol.asyncDispose]() {
        for (const part of parts) await part.close();
        await model.close();
      },
    };
  } catch (error) {
    await model.close();
    throw error;
  }
}

/** 1 where the networks cannot be told apart, as in a file whose members were laid out as one wide network. */
function networksIn(bytes: Uint8Array, path: string): number {
  try {
    return separateOnnx(bytes, path).length;
  } catch {
    return 1;
  }
}

/** The networks of a file, each opened by itself. Engines read files, so they lie in a folder for as long as that takes. */
async function openSeparately(path: string, options: ModelOptions): Promise<OnnxModel[]> {
  const folder = await mkdtemp(join(tmpdir(), 'freetickets-parts-'));
  const opened: OnnxModel[] = [];
  try {
    for (const [index, bytes] of separateOnnx(await readFile(path), path).entries()) {
      const file = join(folder, `${index}.onnx`);
      await writeFile(file, bytes);
      opened.push(await openModel(file, options));
    }
    return opened;
  } catch (error) {
    for (const model of opened) await model.close();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function partOf(model: OnnxModel): Part {
  const { name } = model.inputs[0]!;
  return {
    async run(images) {
      const { data, shape } = (await model.run({ [name]: images }))[MEMBER_OUTPUT]!;
      return fromModel(data as Float32Array, shape);
    },
  };
}
