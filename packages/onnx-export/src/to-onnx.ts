/**
 * From tickets to the bytes of one ONNX file: `images` goes in, every member computes its logits, and the ensemble's answer and its
 * members' answers come out. Weights are written at full size, since runtimes execute them so anyway. For the operators see the files
 * beside this one; `describeOnnx` reads the result back.
 */
import { checkState, type ModelState, type Network, network, SparseError } from '@freetickets/sparse-core';
import { addAnswers } from './answers.ts';
import type { Graph } from './graph.ts';
import { addMember } from './member.ts';
import { toProperties } from './metadata.ts';
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
  const networks = checkMembers(states);
  const net = networks[0]!;
  const { output, batch, opset, name, classes, metrics, calibration, normalization, producerVersion } = settingsOf(net, options);

  const graph: Graph = { nodes: [], initializers: [] };
  const sampleShape = net.spec.input.shape;
  const images = normalization?.inGraph ? addNormalization(graph, 'images', sampleShape, normalization) : 'images';
  const logits = states.map((state, t) => {
    const own = networks[t]!;
    return { name: addMember(graph, `member${t}/`, images, own, state), heads: own.heads, classes: own.classes };
  });
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
      sparsity: perMember((state, own) => measuredSparsity(own, state)),
      classes,
      normalization,
      calibration,
      metrics, // last: a file that was cut off lacks it
    }),
  });
}

function floatTensor(name: string, batch: 'dynamic' | number, shape: readonly number[]): ValueInfoProto {
  const dim = [batch === 'dynamic' ? { dimParam: 'batch' } : { dimValue: batch }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: dataTypes.FLOAT!, shape: { dim } } } };
}

function checkMembers(states: readonly ModelState[]): readonly Network[] {
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
  const bytes = networks.flatMap((net) => [...net.params.values()]).reduce((sum, { size }) => sum + 4 * size, 0);
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
