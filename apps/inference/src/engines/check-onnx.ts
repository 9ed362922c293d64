// What a model file may lean on, checked before onnxruntime opens it: operators that are built in and stay within the graph, and tensors in
// files of the model's own folder. A file can ask for more, and whoever may put one into a repository need not be able to read this machine.

import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { OnnxDescription } from '@freetickets/onnx-export';

/** The sets of operators that onnxruntime has in itself; others come in libraries, which this server never loads. */
const domains = ['ai.onnx', 'ai.onnx.ml', 'com.microsoft', 'com.microsoft.nchwc'];
/** Of these, operators that read other files or call other programs. */
const reaching = ['EPContext', 'PythonOp', 'PythonOpGrad'];

/** What is wrong with the operators or the external tensors of the file at `path`; undefined where nothing is. */
export async function problemOf(path: string, { operators, externalData }: OnnxDescription): Promise<string | undefined> {
  for (const { domain, name } of operators) {
    if (!domains.includes(domain)) return `the operator '${name}' of '${domain}': built in are those of ${domains.slice(0, 3).join(', ')}`;
    if (reaching.includes(name)) return `the operator '${name}', which reaches out of the graph`;
  }
  for (const location of externalData) {
    const problem = await locationProblem(dirname(path), location);
    if (problem !== undefined) return `tensors in '${location}', ${problem}`;
  }
  return undefined;
}

async function locationProblem(folder: string, location: string): Promise<string | undefined> {
  const outside = 'which is not in the folder of the model';
  if (location === '' || isAbsolute(location) || /^[a-z]:|\\/i.test(location) || location.split('/').includes('..')) return outside;
  const found = await realpath(join(folder, location)).catch(() => undefined);
  if (found === undefined) return 'which is not there';
  if (relative(await realpath(folder), found).split(sep)[0] === '..') return outside;
  return (await stat(found)).isFile() ? undefined : 'which is not a file';
}
