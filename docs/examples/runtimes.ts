import { onnxruntimeStatus, tensorflowStatus } from '@freetickets/runtimes';

for (const { installed, problem, remedy } of [await tensorflowStatus(), await onnxruntimeStatus()]) {
  console.log(installed, problem === undefined ? 'ready' : `${problem}; run ${remedy}`);
}
