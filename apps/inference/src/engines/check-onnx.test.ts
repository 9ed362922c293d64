/** Files that lean on what they may not, in both engines' words: made by hand, with the official schema of ONNX. */
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../model.ts';

const schema = fileURLToPath(new URL('../../../../packages/onnx-export/onnx.proto', import.meta.url));
const golden = fileURLToPath(new URL('../../../../test/golden/onnx/tiny-ensemble.onnx', import.meta.url));
let folder: string;
let modelType: protobuf.Type;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-onnx-'));
  modelType = protobuf.parse(await readFile(schema, 'utf8')).root.lookupType('onnx.ModelProto');
  await mkdir(join(folder, 'model', 'data'), { recursive: true });
  await writeFile(join(folder, 'model', 'data', 'weights'), new Uint8Array(Float32Array.of(3, 5).buffer));
  await writeFile(join(folder, 'secret'), new Uint8Array(8));
  await symlink(join(folder, 'secret'), join(folder, 'model', 'link'));
});
afterAll(() => rm(folder, { recursive: true }));

const value = (name: string) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } } });
type Node = Record<string, unknown>;

/** y = x · w, where w lies in another file, and `node` besides. */
async function modelFile(location: string | undefined, nodes: readonly Node[] = []): Promise<string> {
  const weight =
    location === undefined
      ? { rawData: new Uint8Array(Float32Array.of(3, 5).buffer) }
      : { dataLocation: 1, externalData: [{ key: 'location', value: location }] };
  const model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'g',
      node: [{ opType: 'Mul', input: ['x', 'w'], output: ['y'] }, ...nodes],
      initializer: [{ name: 'w', dataType: 1, dims: [2], ...weight }],
      input: [value('x')],
      output: [value('y')],
    },
  };
  const path = join(folder, 'model', 'model.onnx');
  await writeFile(path, modelType.encode(modelType.fromObject(model)).finish());
  return path;
}

const refused = async (path: string) =>
  (await openModel(path, { engine: 'onnxruntime-cpu', threads: 1 }).catch((error: Error) => error)) as Error;

describe('tensors in other files', () => {
  it('are read from the folder of the model', async () => {
    await using model = await openModel(await modelFile('data/weights'), { engine: 'onnxruntime-cpu', threads: 1 });
    const { y } = await model.run({ x: { datatype: 'FP32', shape: [2], data: Float32Array.of(1, 2) } });
    expect([...(y!.data as Float32Array)]).toEqual([3, 10]);
  });

  it.each([
    ['../secret', /tensors in '..\/secret', which is not in the folder of the model/],
    ['data/../../secret', /not in the folder/],
    ['/etc/passwd', /tensors in '\/etc\/passwd', which is not in the folder of the model/],
    ['C:\\secret', /not in the folder/],
    ['link', /not in the folder/],
    ['nothing', /tensors in 'nothing', which is not there/],
    ['data', /which is not a file/],
  ])('are not read from %s', async (location, words) => {
    const error = await refused(await modelFile(location));
    expect(error).toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(words) });
  });

  it('are found in constants of branches too', async () => {
    const tensor = { name: 't', dataType: 1, dims: [2], dataLocation: 1, externalData: [{ key: 'location', value: '../secret' }] };
    const branch = { name: 'b', node: [{ opType: 'Constant', output: ['c'], attribute: [{ name: 'value', type: 4, t: tensor }] }] };
    const node = { opType: 'If', input: ['x'], output: ['z'], attribute: [{ name: 'then_branch', type: 5, g: branch }] };
    expect((await refused(await modelFile(undefined, [node]))).message).toMatch(/tensors in '..\/secret'/);
  });
});

describe('operators', () => {
  it.each([
    [
      { opType: 'Decode', domain: 'other.company' },
      /the operator 'Decode' of 'other.company': built in are those of ai.onnx, ai.onnx.ml, com.microsoft/,
    ],
    [{ opType: 'EPContext', domain: 'com.microsoft' }, /the operator 'EPContext', which reaches out of the graph/],
  ])('that are not built in are refused by name: %j', async (node, words) => {
    const error = await refused(await modelFile(undefined, [{ ...node, input: ['x'], output: ['z'] }]));
    expect(error).toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(words) });
  });

  it('of the standard are not', async () => {
    await using model = await openModel(golden, { engine: 'onnxruntime-cpu', threads: 1 });
    expect(model.outputs).not.toEqual([]);
  });
});
