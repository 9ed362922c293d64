/**
 * What goes wrong is told in one sentence on standard error, with the file or field, what was expected and what came. The exit code is not 0,
 * standard output is empty, with --json too, and nothing half-written is left.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, folder, json, reached, remove, run, SMALL, start } from './command.ts';
import { SMALL_RESIDUAL } from './networks.ts';
import { makePictures } from './pictures.ts';

const home = folder();
const at = (...names: string[]) => join(home, ...names);
const CACHE = { FREETICKETS_CACHE: at('cache') };
afterAll(() => remove(home));

/** Runs a command that has to fail, and gives its sentence. */
async function failure(args: readonly string[], code: number): Promise<string> {
  const end = await run([...args, '--json', '--quiet'], CACHE);
  expect(end).toMatchObject({ code, stdout: '' });
  const [sentence, ...more] = end.stderr.trimEnd().split('\n');
  expect(more, end.stderr).toEqual([]);
  return sentence!;
}

/** A training that has to fail before it begins. */
async function noTraining(args: readonly string[], code: number): Promise<string> {
  const sentence = await failure(['train', ...args, '--out', at('never')], code);
  expect(existsSync(at('never'))).toBe(false);
  return sentence;
}

/** An IDX file of `count` pictures of 28 x 28, or of labels. */
function idx(kind: 'images' | 'labels', count: number): Buffer {
  const shape = kind === 'images' ? [count, 28, 28] : [count];
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  shape.forEach((size, i) => {
    head.writeUInt32BE(size, 4 + 4 * i);
  });
  return Buffer.concat([head, Buffer.alloc(kind === 'images' ? count * 784 : count)]);
}

function write(path: string, content: string | Buffer | object): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return path;
}

describe('data', () => {
  const mnist = ['--dataset', 'mnist', '--data'];
  const pictures = ['--dataset', 'image-folder', '--data'];

  it('a folder that is not there', async () => {
    const sentence = await noTraining([...mnist, at('nowhere')], 1);
    expect(sentence).toBe(
      `error: ${at('nowhere')}: expected a folder with the file train-images-idx3-ubyte, with or without .gz, received "no such folder". Give the folder that holds the four IDX files of MNIST`,
    );
  });

  it('a file cut short', async () => {
    for (const [part, count] of [
      ['train', 40],
      ['t10k', 20],
    ] as const) {
      write(at('mnist', `${part}-images-idx3-ubyte`), idx('images', count));
      write(at('mnist', `${part}-labels-idx1-ubyte`), idx('labels', count));
    }
    truncateSync(at('mnist', 't10k-images-idx3-ubyte'), 5000);
    expect(await noTraining([...mnist, at('mnist')], 1)).toMatch(
      /^error: \S+t10k-images-idx3-ubyte: expected 15680 bytes .*, received .*4984 bytes/,
    );
  });

  it('a class without pictures', async () => {
    await makePictures(at('empty-class'), { perClass: 4, shade: 10 });
    mkdirSync(at('empty-class', 'train', 'middle'));
    expect(await noTraining([...pictures, at('empty-class')], 1)).toMatch(
      /^error: \S+empty-class: train\/middle: expected JPEG or PNG pictures in this class folder, received "none"/,
    );
  });

  it('a picture that does not decode', async () => {
    await makePictures(at('broken'), { perClass: 4, shade: 10 });
    truncateSync(at('broken', 'train', 'left', '2.png'), 60);
    expect(await noTraining([...pictures, at('broken')], 1)).toMatch(
      /^error: \S+train\/left\/2\.png: expected a picture that decodes, received /,
    );
    write(at('broken', 'train', 'left', '2.png'), 'hello');
    expect(await noTraining([...pictures, at('broken')], 1)).toMatch(
      /^error: \S+train\/left\/2\.png: expected a JPEG or PNG picture, received /,
    );
  });
});

describe('a folder', () => {
  it.each(['serve', 'predict'])('of a run where %s wants an exported model: how to export it', async (command) => {
    const path = at(`run-for-${command}`);
    expect((await run(['train', ...SMALL, '--quiet', '--out', path])).code).toBe(0);
    const pictures = command === 'predict' ? ['--input', at('picture.png')] : [];
    expect(await failure([command, path, ...pictures], 1)).toBe(
      `error: ${path}: expected an ONNX file, received the folder of a run. Export it first: freetickets export ${path} --output ${path}.onnx`,
    );
  });

  it('that holds runs but is none: which ones', async () => {
    const path = at('runs', 'first');
    expect((await run(['train', ...SMALL, '--quiet', '--out', path])).code).toBe(0);
    expect(await failure(['evaluate', at('runs')], 1)).toBe(
      `error: ${at('runs')}: expected the folder of a run, received one without run.json. Runs in it: ${path}`,
    );
  });
});

describe('options and experiment files', () => {
  it.each([
    [['--sparsity', '1.2'], '--sparsity: expected a number from 0 to below 1, received 1.2'],
    [
      ['--dataset', 'mnst'],
      '--dataset: expected one of generated, mnist, fashion-mnist, cifar10, cifar100, svhn, image-folder, received "mnst". Did you mean mnist?',
    ],
    [['--dataset', 'cifar10'], '--data: expected the path of the data of cifar10, received nothing'],
    [['--tickets', '3', '--refine-epochs', '0.5'], '--refine-epochs: expected a number from 1 to 1000000, received 0.5'],
  ])('%j', async (args, message) => {
    expect(await noTraining(args, 2)).toContain(`error: ${message}`);
  });

  it('a network that nobody knows', async () => {
    expect(await noTraining(['--network', 'lenet-30-100'], 2)).toMatch(/received "lenet-30-100"\. Did you mean lenet-300-100\?$/);
  });

  it('an option that nobody knows', async () => {
    const { code, stdout, stderr } = await run(['train', '--sparsty', '0.9', '--out', at('never')]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe("error: unknown option '--sparsty'\n(Did you mean --sparsity?)\n(add --help for the options)\n");
  });

  it('an experiment file with a key that nobody knows, or that is no JSON', async () => {
    const file = write(at('experiment.json'), { $schema: 'experiment.schema.json', sparsty: 0.9 });
    expect(await noTraining(['--config', file], 2)).toBe(
      `error: ${file}: sparsty: expected a known key, received "sparsty". Did you mean sparsity?`,
    );
    write(file, '{ "sparsity": 0.9, }');
    expect(await noTraining(['--config', file], 2)).toMatch(/experiment\.json: expected JSON, received something else \(/);
  });
});

describe('a network spec', () => {
  const nodes = (over: object) => ({
    ...SMALL_RESIDUAL,
    nodes: SMALL_RESIDUAL.nodes.map((node) => (node.id === 'conv2' ? { ...node, ...over } : node)),
  });

  it.each([
    [
      'an unknown operation',
      nodes({ op: 'conv2' }),
      /^error: \S+net\.json: expected a network spec, received one with a fault: nodes\[3\]\.op: .*conv2d/,
    ],
    ['a sum of two shapes', nodes({ out: 9 }), /^error: \S+net\.json: expected a network spec, .*nodes\[5\]/],
    ['a window larger than its picture', nodes({ kernel: 30 }), /^error: \S+net\.json: expected a network spec, .*nodes\[3\]/],
  ])('with %s', async (_, spec, message) => {
    expect(await noTraining(['--image-size', '8', '--network', write(at('net.json'), spec)], 2)).toMatch(message);
  });

  it('that does not fit the data', async () => {
    const file = write(at('net.json'), SMALL_RESIDUAL);
    expect(await noTraining(['--network', file], 1)).toContain(
      "net.json: input.shape: expected the shape of the data's pictures, [1,16,16], received [1,8,8]",
    );
  });
});

describe('what a run left', () => {
  const path = at('run');
  const model = at('model.onnx');
  let whole: Record<string, string>;
  beforeAll(async () => {
    await json('train', ...SMALL, '--out', path);
    await json('export', path, '--output', model);
    whole = contents(path);
  });
  const copy = (name: string) => {
    cpSync(path, at(name), { recursive: true });
    return at(name);
  };

  it('a ticket cut short is refused by evaluate and export, and no model is written', async () => {
    const damaged = copy('cut-ticket');
    truncateSync(join(damaged, 'tickets/ticket-1.safetensors'), 3000);
    const message =
      /^error: \S+cut-ticket\/tickets\/ticket-1\.safetensors: expected the bytes that its seal \(SHA-256\) was made of, .* damaged or cut off/;
    expect(await failure(['evaluate', damaged], 1)).toMatch(message);
    expect(await failure(['export', damaged, '--output', at('never.onnx')], 1)).toMatch(message);
    expect(existsSync(at('never.onnx'))).toBe(false);
  });

  it('checkpoints cut short are skipped with a warning; with --strict, or when none is left, they are refused and nothing is touched', async () => {
    const damaged = at('cut-checkpoint');
    const running = start(['train', ...SMALL, '--explore-epochs', '20', '--checkpoint-every', '3', '--out', damaged]);
    await reached(5, damaged, running);
    await running.kill('SIGINT');
    const checkpoints = readdirSync(join(damaged, 'checkpoints'), { encoding: 'utf8' });
    const [newest, ...others] = checkpoints.sort((a, b) => Number(/-(\d+)/.exec(b)![1]) - Number(/-(\d+)/.exec(a)![1]));
    const cut = (name: string) => truncateSync(join(damaged, 'checkpoints', name), 4000);
    const seal = /^error: \S+checkpoints\/0-\d+\.safetensors: expected the bytes that its seal \(SHA-256\) was made of/;

    cut(newest!);
    const before = contents(damaged);
    expect(await failure(['train', '--resume', damaged, '--strict'], 1)).toMatch(seal);
    expect(contents(damaged)).toEqual(before);
    cpSync(damaged, at('cut-one'), { recursive: true });
    const gone = await run(['train', '--resume', at('cut-one')]);
    expect(gone).toMatchObject({ code: 0, stderr: expect.stringMatching(/^warning: skipped a damaged checkpoint: \S+checkpoints/) });
    expect(gone.stderr).toMatch(/\nwarning: going on from an older one, of step \d+\n/);

    for (const name of others) cut(name);
    const none = contents(damaged);
    expect(await failure(['train', '--resume', damaged], 1)).toMatch(/^error: \S+checkpoints: expected a checkpoint that is whole/);
    expect(contents(damaged)).toEqual(none);
  });

  it('a folder that holds no run', async () => {
    for (const args of [
      ['evaluate', home],
      ['train', '--resume', home],
      ['export', home, '--output', at('never.onnx')],
    ])
      expect(await failure(args, 1)).toMatch(`error: ${home}: expected the folder of a run, received one without run.json`);
  });

  it('a folder with other files in it is not taken for a new run', async () => {
    write(at('full', 'thesis.tex'), 'years of work');
    expect(await failure(['train', ...SMALL, '--out', at('full')], 1)).toBe(
      `error: ${at('full')}: expected a folder that does not exist yet, received one with files in it. Choose another --out`,
    );
    expect(contents(at('full'))).toEqual({ 'thesis.tex': 'years of work' });
  });

  it('a member that it does not have', async () => {
    expect(await failure(['export', path, '--output', at('never.onnx'), '--member', '9'], 2)).toBe(
      'error: --member: expected a member of the run, 0 to 1, received 9',
    );
  });

  it('a place that cannot be written to; a good file that is there stays', async () => {
    expect(await failure(['export', path, '--output', at('no-folder', 'x.onnx')], 1)).toMatch(
      /no-folder\/x\.onnx: expected a folder .*no-folder to write into/,
    );
    const before = readFileSync(model, 'latin1');
    expect(await failure(['export', path, '--output', model, '--member', '9'], 2)).toContain('--member');
    expect(readFileSync(model, 'latin1')).toBe(before);
    expect(contents(path)).toEqual(whole);
  });
});

describe('a model', () => {
  const garbage = write(at('garbage.onnx'), 'this is not a model');
  const picture = write(at('picture.png'), 'this is not a picture');

  it('that is none is refused by predict and serve', async () => {
    expect(await failure(['predict', garbage, '--input', picture], 1)).toMatch(/^error: \S+garbage\.onnx: expected an ONNX model/);
    expect(await failure(['serve', garbage, '--port', '0'], 1)).toMatch(/^error: \S+garbage\.onnx: expected an ONNX model/);
  });

  it('that is not there', async () => {
    expect(await failure(['predict', at('none.onnx'), '--input', picture], 1)).toMatch(/^error: \S+none\.onnx: expected an ONNX model/);
    expect(await failure(['serve', at('none.onnx'), '--port', '0'], 1)).toMatch(/^error: \S+none\.onnx: expected an ONNX file/);
  });

  it('is not served on a port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    const sentence = await failure(['serve', at('model.onnx'), '--port', String(port)], 1);
    server.close();
    expect(sentence).toBe(
      `error: port ${port} of 127.0.0.1: expected a free port, received one that another program listens on. Choose another with --port`,
    );
  });

  it('is not asked about a picture that does not decode or has another size', async () => {
    expect(await failure(['predict', at('model.onnx'), '--input', picture], 1)).toMatch(
      /^error: \S+picture\.png: expected a JPEG or PNG picture/,
    );
    await makePictures(at('wide'), { perClass: 4, shade: 10 });
    const { default: sharp } = await import('sharp');
    await sharp(at('wide/train/left/0.png')).resize(9, 8).toFile(at('wide.png'));
    expect(await failure(['predict', at('model.onnx'), '--input', at('wide.png')], 1)).toContain(
      'wide.png: expected 8x8 pixels, received "9x8"',
    );
  });
});
