/**
 * From tickets to the bytes of one ONNX file: `images` goes in, every member computes its logits, and the ensemble's answer and its
 * members' answers come out. Weights are written at full size, since runtimes execute them so anyway. For the operators see the files
 * beside this one; `describeOnnx` reads the result back.
 */
import { checkState, type ModelState, type Network, network, SparseError } from '@freetickets/sparse-core';
import { addAnswers, type Logits } from './answers.ts';
import { foldBatchNorms } from './fold.ts';
import { addCast, type Graph } from './graph.ts';
import { addTickets } from './member.ts';
import { prefixOf, SIDE_BY_SIDE, toProperties } from './metadata.ts';
import { addNormalization } from './normalize.ts';
import { IR_VERSIONS, type OnnxOptions, settingsOf } from './options.ts';
import { measuredSparsity } from './parameters.ts';
import { dataTypes, encodeModel, type ValueInfoProto } from './proto.ts';

/** A protobuf message cannot be longer; what is not weights fits into the last MiB. */
const LARGEST_BYTES = 2 ** 31 - 2 ** 20;

/**
 * Writes a ticket, or several as one ensemble. Input: `images` float32 (batch, C, H, W) or (batch, features). Every head of a ticket is a member.
 * Dropout is left out: passes with it are random, which a file that always answers alike cannot be.
 *
 * @returns the bytes of an `.onnx` file, weights included
 * @throws SparseError INVALID_ARGUMENT for no members, wrong options or more than 2 GiB; SHAPE_MISMATCH when members differ in input shape or
 * classes, or a state does not belong to its spec; NON_FINITE when a value cannot be written as a finite float32
 */
export function toOnnx(tickets: ModelState | readonly ModelState[], options: OnnxOptions = {}): Uint8Array {
  const states = 'spec' in tickets ? [tickets] : tickets;
  const networks = checkMembers(states, options.precision === 'fp16' ? 2 : 4);
  const net = networks[0]!;
  const { output, batch, opset, name, classes, measured, normalization, producerVersion, precision, layout } = settingsOf(net, options);
  const folded = states.map((state, t) => foldBatchNorms(networks[t]!, state));
  if (layout === 'grouped') checkAlike(folded);

  const graph: Graph = { precision, nodes: [], initializers: [] };
  const sampleShape = net.spec.input.shape;
  const pixels = normalization?.inGraph ? addNormalization(graph, 'images', sampleShape, normalization) : 'images';
  const images = addCast(graph, 'images/cast', pixels, 'graph');
  const addLogits = (prefix: string, tickets: readonly ModelState[]): Logits => {
    const own = network(tickets[0]!.spec);
    const logits = addTickets(graph, prefix, images, own, tickets);
    return { name: addCast(graph, `${prefix}cast`, logits, 'fp32'), members: tickets.length * own.heads, classes: own.classes };
  };
  const logits = layout === 'grouped' ? [addLogits(SIDE_BY_SIDE, folded)] : folded.map((state, t) => addLogits(prefixOf(t), [state]));
  addAnswers(graph, logits, output, opset);
  const members = networks.reduce((sum, { heads }) => sum + heads, 0);
  /** One entry for each member: those that share a network say the same of it. */
  const perMember = <Fact>(factOf: (state: ModelState, net: Network) => Fact): Fact[] =>
    states.flatMap((state, t) => Array<Fact>(networks[t]!.heads).fill(factOf(state, networks[t]!)));

  return encodeModel({
    irVersion: IR_VERSIONS[opset]!,
    opsetImport: [{ domain: '', version: opset }],
    producerName: 'freetickets',
    producerVersion,
    graph: {
      name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: [floatTensor('images', batch, sampleShape)],
      output: [floatTensor(output, batch, [net.classes]), floatTensor(`member_${output}`, batch, [members, net.classes])],
    },
    metadataProps: toProperties({
      format: 1,
      members,
      networks: perMember((_, { spec }) => spec.name),
      steps: perMember(({ step }) => step),
      layout,
      specs: folded.map(({ spec }) => spec),
      sparsity: perMember((state, own) => measuredSparsity(own, state)),
      classes,
      normalization,
      calibration: measured.calibration,
      metrics: measured.metrics, // last: a file that was cut off lacks it
    }),
  });
}

/** @throws SparseError INVALID_ARGUMENT naming the first member that is built otherwise than member 0 */
function checkAlike(tickets: readonly ModelState[]): void {
  const built = ({ spec: { input, nodes, output, heads } }: ModelState) => JSON.stringify([input, nodes, output, heads]);
  const odd = tickets.findIndex((ticket) => built(ticket) !== built(tickets[0]!));
  if (odd < 0) return;
  const expected = 'members of one architecture, which alone can stand side by side';
  const received = new Error(`members[${odd}] (${tickets[odd]!.spec.name}), built otherwise than members[0] (${tickets[0]!.spec.name})`);
  throw new SparseError('INVALID_ARGUMENT', 'layout', expected, received, "Export them with layout 'fused'");
}

function floatTensor(name: string, batch: 'dynamic' | number, shape: readonly number[]): ValueInfoProto {
  const dim = [batch === 'dynamic' ? { dimParam: 'batch' } : { dimValue: batch }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: dataTypes.FLOAT!, shape: { dim } } } };
}

function checkMembers(states: readonly ModelState[], bytesPerNumber: number): readonly Network[] {
  const networks = states.map((state) => network(state.spec));
  const first = networks[0];
  if (!first) throw new SparseError('INVALID_ARGUMENT', 'members', 'at least one ticket', states.length);
  networks.forEach((net, m) => {
    const where = `members[${m}] (${net.spec.name})`;
    if (String(net.spec.input.shape) !== String(first.spec.input.shape))
      throw new SparseError(
        'SHAPE_MISMATCH',
        where,
        `input of shape (${first.spec.input.shape.join(', ')}), as of member 0`,
        net.spec.input.shape,
      );
    if (net.classes !== first.classes)
      throw new SparseError('SHAPE_MISMATCH', where, `${first.classes} classes, as of member 0`, net.classes);
  });
  states.forEach((state, m) => {
    checkState(networks[m]!, state, `members[${m}]`);
  });
  const bytes = networks.flatMap((net) => [...net.params.values()]).reduce((sum, { size }) => sum + bytesPerNumber * size, 0);
  if (bytes > LARGEST_BYTES)
    throw new SparseError(
      'INVALID_ARGUMENT',
      'members',
      `weights of at most ${LARGEST_BYTES} bytes in one file`,
      bytes,
      'Export fewer members per file',
    );
  return networks;
}
