/** How each side's process is started. */
import { PYTHON } from './environment.ts';
import { inBench } from './folders.ts';
import type { SideCommand } from './side.ts';

export const ours: SideCommand = { name: 'FreeTickets', command: process.execPath, args: [inBench('dist/sides/ours.js')] };

export const tfjs: SideCommand = { name: 'TensorFlow.js', command: process.execPath, args: [inBench('peers/tfjs_side.mjs')] };

// Telemetry of onnxruntime would keep a device id in the user's cache folder.
export const onnxruntime: SideCommand = { ...python('ONNX Runtime', 'onnxruntime_side.py'), env: { ORT_DISABLE_TELEMETRY: '1' } };

export const onnxruntimeNode: SideCommand = {
  name: 'ONNX Runtime in Node',
  command: process.execPath,
  args: [inBench('dist/sides/onnxruntime.js')],
};

export const torch = (threads: number): SideCommand => ({ ...python('PyTorch', 'torch_side.py'), env: openMp(threads) });

export const sparseprop = (threads: number): SideCommand => ({ ...python('SparseProp', 'sparseprop_side.py'), env: openMp(threads) });

function python(name: string, file: string): SideCommand {
  return { name, command: PYTHON, args: [inBench(`peers/${file}`)] };
}

const openMp = (threads: number) => ({ OMP_NUM_THREADS: String(threads) });
