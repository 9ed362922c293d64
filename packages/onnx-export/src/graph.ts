/** A graph while it is being written: nodes in order, and their constant inputs. Every function returns the name of the tensor it adds. */
import { encodeHalf, SparseError } from '@freetickets/sparse-core';
import { type AttributeProto, attributeTypes, dataTypes, type NodeProto, type TensorProto } from './proto.ts';

/** Of the numbers inside the members; what goes into the file and comes out of it is float32 in either case. */
export type Precision = 'fp32' | 'fp16';

export interface Graph {
  readonly precision: Precision;
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
}

/** Whole numbers, lists of them, and (rarely) a number that has to be a float even when it is whole. */
export type Attributes = Readonly<Record<string, number | readonly number[] | { readonly float: number }>>;

/** Adds a node. @param output default `<name>/output`, which no parameter can be called */
export function addNode(
  graph: Graph,
  opType: string,
  name: string,
  input: readonly string[],
  attributes: Attributes = {},
  output = `${name}/output`,
): string {
  const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
  graph.nodes.push({ name, opType, input, output: [output], attribute });
  return output;
}

function attributeOf(name: string, value: Attributes[string]): AttributeProto {
  if (typeof value === 'number') return { name, type: attributeTypes.INT!, i: value };
  if ('float' in value) return { name, type: attributeTypes.FLOAT!, f: value.float };
  return { name, type: attributeTypes.INTS!, ints: value };
}

/** Adds float32 constants. @throws SparseError NON_FINITE, since a runtime would answer with NaN and not say why */
export function addFloats(graph: Graph, name: string, dims: readonly number[], values: Float32Array): string {
  for (let k = 0; k < values.length; k++)
    if (!Number.isFinite(values[k]!)) throw new SparseError('NON_FINITE', `${name}[${k}]`, 'a finite number', values[k]);
  graph.initializers.push({ name, dataType: dataTypes.FLOAT!, dims, rawData: bytesOf(values) });
  return name;
}

/** The largest float16. */
const LARGEST_HALF = 65504;

/** Adds a member's numbers, in the precision of the graph. @throws SparseError NON_FINITE, also for what float16 cannot hold */
export function addWeights(graph: Graph, name: string, dims: readonly number[], values: Float32Array): string {
  if (graph.precision === 'fp32') return addFloats(graph, name, dims, values);
  const halves = encodeHalf(values);
  const wrong = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (wrong >= 0)
    throw new SparseError('NON_FINITE', `${name}[${wrong}]`, `a number of at most ${LARGEST_HALF}, as fp16 has them`, values[wrong]);
  graph.initializers.push({ name, dataType: dataTypes.FLOAT16!, dims, rawData: bytesOf(halves) });
  return name;
}

/** The same numbers as float32, or in the precision of the graph. Nothing is added where they are that already. */
export function addCast(graph: Graph, name: string, input: string, to: 'fp32' | 'graph'): string {
  if (graph.precision === 'fp32') return input;
  return addNode(graph, 'Cast', name, [input], { to: to === 'fp32' ? dataTypes.FLOAT! : dataTypes.FLOAT16! });
}

/** Adds a vector of int64 constants. */
export function addIntegers(graph: Graph, name: string, values: readonly number[]): string {
  graph.initializers.push({
    name,
    dataType: dataTypes.INT64!,
    dims: [values.length],
    rawData: bytesOf(BigInt64Array.from(values, BigInt)),
  });
  return name;
}

const bytesOf = (values: Float32Array | Uint16Array | BigInt64Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
