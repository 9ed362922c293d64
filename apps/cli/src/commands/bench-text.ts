/** What `freetickets bench` prints for people. */
import { counted, flopsText, percent, table } from '../text.ts';
import type { Bench, LayersBench, RunBench } from './bench.ts';

const milliseconds = (value: number | undefined): string => (value === undefined ? '' : value.toPrecision(3));
const gflopsOf = (flops: number, ms: number | undefined): string => (ms === undefined ? '' : (flops / ms / 1e6).toFixed(1));
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export function benchText(result: Bench): string {
  const { network, engine, threads, batchSize, sparsity, distribution, memory, machine: m } = result;
  return [
    `${m.processor}, ${counted(m.processors, 'processor')}, Node ${m.node}, ${engine}, ${counted(threads, 'thread')}`,
    `${network}, sparsity ${sparsity} (${distribution}), batches of ${batchSize}`,
    result.workload === 'layers' ? layersText(result) : runText(result),
    `memory: ${megabytes(memory.plannedBytes)} planned, ${megabytes(memory.peakBytes)} at most in this process`,
  ].join('\n');
}

function runText({ workload, members, nonzeros, weights, flops, milliseconds: ms, gflops, peakShare }: RunBench): string {
  const what = workload === 'step' ? 'training step' : `prediction by ${counted(members, 'member')}`;
  return [
    `${what}: ${milliseconds(ms.minimum)} ms at best, ${milliseconds(ms.median)} ms in the middle of ${counted(ms.repeats, 'run')}`,
    `${nonzeros} of ${weights} weights live; ${flopsText(flops)} counted, ${gflops.toFixed(1)} GFLOP/s${peakShare === undefined ? '' : `, ${percent(peakShare, 0)} of the FMA peak`}`,
  ].join('\n');
}

function layersText({ layers, between, betweenMs, sumMs, wholeMs, peakGflops }: LayersBench): string {
  const header = ['layer', 'in', 'out', 'kernel', 'stride', 'pixels', 'density', 'forward ms', 'GFLOP/s', 'd input ms', 'GFLOP/s'];
  const rows = layers.map((layer) => [
    layer.node,
    ...[layer.inputs, layer.outputs, layer.kernel, layer.stride].map(String),
    `${layer.height}x${layer.width}`,
    (layer.live / layer.weights).toFixed(3),
    ...[layer.forwardMs, layer.inputGradientMs, layer.weightGradientMs].flatMap((ms) => [milliseconds(ms), gflopsOf(layer.flops, ms)]),
  ]);
  const peak = peakGflops === undefined ? [] : [`FMA peak of all threads: ${peakGflops.toFixed(0)} GFLOP/s`];
  return [
    table([...header, 'd weight ms', 'GFLOP/s'], rows),
    ...peak,
    `between the layers ${milliseconds(betweenMs)} ms:`,
    ...between.map(
      ({ operation, count, milliseconds: ms }) => `  ${operation.padEnd(20)} ${String(count).padStart(4)} ${milliseconds(ms)} ms`,
    ),
    `all operations, each alone: ${milliseconds(sumMs)} ms; together as a training step: ${milliseconds(wholeMs)} ms`,
  ].join('\n');
}
