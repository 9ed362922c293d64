import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openModel } from './model.ts';

// Models and expected outputs: tooling/golden/tiny_onnx.py, computed by numpy in float64.
const golden = (file: string) => fileURLToPath(new URL(`../../../test/golden/onnx/${file}`, import.meta.url));
const cases = async (name: string) => JSON.parse(await readFile(golden(`${name}.json`), 'utf8')).cases;

describe('openModel', () => {
  it('says what the model takes and gives, -1 for the batch', async () => {
    await using model = await openModel(golden('tiny-ensemble.onnx'));
    expect(model.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 4] }]);
    expect(model.outputs).toEqual([
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
      { name: 'member_probabilities', datatype: 'FP32', shape: [2, -1, 3] },
    ]);
  });

  it('agrees with numpy within 1e-6 at batches 1, 3 and 17', async () => {
    await using model = await openModel(golden('tiny-ensemble.onnx'), { threads: 1 });
    const batches: number[] = [];
    for (const { x, ...expected } of await cases('tiny-ensemble')) {
      const results = await model.run({ x: { datatype: 'FP32', shape: [x.length, 4], data: Float32Array.from(x.flat()) } });
      batches.push(x.length);
      for (const [name, values] of Object.entries<number[][]>(expected)) {
        const wanted = values.flat(2);
        const { data, shape } = results[name]!;
        expect(shape).toEqual(name === 'probabilities' ? [x.length, 3] : [2, x.length, 3]);
        expect(data).toHaveLength(wanted.length);
        expect(Math.max(...wanted.map((value, i) => Math.abs(value - Number(data[i]))))).toBeLessThan(1e-6);
      }
    }
    expect(batches).toEqual([1, 3, 17]);
  });

  it('carries 64-bit integers, flags and text, and computes only the outputs named', async () => {
    await using model = await openModel(golden('tiny-types.onnx'));
    const [{ floats, integers, flags, words, doubled, negated }] = await cases('tiny-types');
    const results = await model.run(
      {
        floats: { datatype: 'FP32', shape: [3], data: Float32Array.from(floats) },
        integers: { datatype: 'INT64', shape: [3], data: BigInt64Array.from(integers, BigInt) },
        flags: { datatype: 'BOOL', shape: [3], data: Uint8Array.from(flags, Number) },
        words: { datatype: 'BYTES', shape: [3], data: words },
      },
      ['doubled', 'negated', 'same_words'],
    );
    expect(results).toEqual({
      doubled: { datatype: 'INT64', shape: [3], data: BigInt64Array.from(doubled, BigInt) },
      negated: { datatype: 'BOOL', shape: [3], data: Uint8Array.from(negated, Number) },
      same_words: { datatype: 'BYTES', shape: [3], data: words },
    });
  });

  it('names an input that was not fed', async () => {
    await using model = await openModel(golden('tiny-ensemble.onnx'));
    await expect(model.run({})).rejects.toThrow('feeds.x: expected a tensor');
  });

  it('says in one sentence that a file is missing, a folder, or no model', async () => {
    await expect(openModel('/nowhere/a.onnx')).rejects.toMatchObject({
      code: 'MISSING_FILE',
      message: '/nowhere/a.onnx: expected an ONNX file, received nothing: there is no such file',
    });
    const folder = await mkdtemp(join(tmpdir(), 'freetickets-'));
    await expect(openModel(folder)).rejects.toMatchObject({ code: 'BAD_FILE', at: folder });
    const path = join(folder, 'text.onnx');
    await writeFile(path, 'no model');
    const error = await openModel(path).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'BAD_FILE', at: path });
    expect((error as Error).message).toMatch(/^[^\n]*text\.onnx: expected an ONNX model, received [^\n]+$/);
    await rm(folder, { recursive: true });
  });
});
