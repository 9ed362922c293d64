import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';

/** Where an exported model is wanted. @throws SparseError BAD_FILE for the folder of a run, with the command that exports it */
export function refuseRun(path: string): void {
  if (!existsSync(join(path, 'run.json'))) return;
  const hint = `Export it first: freetickets export ${path} --output ${path.replace(/\/+$/, '')}.onnx`;
  throw new SparseError('BAD_FILE', path, 'an ONNX file', new Error('the folder of a run'), hint);
}
