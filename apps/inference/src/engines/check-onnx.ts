// What a model file may lean on, checked before onnxruntime opens it: operators that are built in and stay within the graph, and tensors in
// files of the model's own folder. A file can ask for more, and whoever may put one into a repository need not be able to read this machine.

import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { OnnxDescription } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';

/** The sets of operators that onnxruntime has in itself; others come in libraries, which this server never loads. */
const domains = ['ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc'];
/** Of these, operators that read other files or call other programs. */
const reaching = ['EPContext', 'PythonOp', 'PythonOpGrad'];

/** @throws SparseError BAD_FILE that names the operator or the file at fault */
export async function checkOnnx(path: string, { operators, externalData }: OnnxDescription): Promise<void> {
  for (const { domain, name } of operators) {
    const received = new Error(`'${name}' of '${domain}'`);
    if (!domains.includes(domain))
      throw new SparseError('BAD_FILE', path, `operators of ${domains.slice(0, 3).join(', ')} only`, received, 'No others are built in');
    if (reaching.includes(name)) throw new SparseError('BAD_FILE', path, 'operators that stay within the graph', received);
  }
  for (const location of externalData) await checkLocation(path, location);
}

async function checkLocation(path: string, location: string): Promise<void> {
  const fault = (received: string) =>
    new SparseError('BAD_FILE', path, "tensors in files of the model's own folder", new Error(`'${location}', ${received}`));
  const leaves = isAbsolute(location) || /^[a-z]:|\\/i.test(location) || location.split('/').includes('..');
  if (leaves || location === '') throw fault('which is not the path of such a file');
  const folder = dirname(path);
  const found = await realpath(join(folder, location)).catch(() => undefined);
  if (found === undefined) throw fault('which is not there');
  if (relative(await realpath(folder), found).split(sep)[0] === '..') throw fault('a link that leads elsewhere');
  if (!(await stat(found)).isFile()) throw fault('which is not a file');
}
