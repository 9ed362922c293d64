/** A graph while it is being written: nodes in order, and their constant inputs. Every function returns the name of the tensor it adds. */
import { SparseError } from '@freetickets/sparse-core';
import { type AttributeProto, attributeTypes, dataTypes, type NodeProto, type TensorProto } from './proto.ts';

export interface Graph {
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

const bytesOf = (values: Float32Array | BigInt64Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
