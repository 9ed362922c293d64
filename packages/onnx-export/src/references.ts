/**
 * What an ONNX file leans on besides its own numbers: operators, and other files that hold its tensors. Everything that a runtime would look
 * at is walked: graphs inside attributes (the branches of If, the body of Loop), functions, and sparse constants.
 */

export interface Operator {
  /** `ai.onnx` for the standard ones, whichever way the file writes that. */
  readonly domain: string;
  readonly name: string;
}

export interface References {
  /** Each once, in the order of the file; without those that the file itself defines as functions. */
  readonly operators: readonly Operator[];
  /** Locations as they stand in the file, each once: paths relative to its folder, if the file is well-meant. */
  readonly externalData: readonly string[];
}

/** The part of a decoded model that is walked. */
export interface ReferringModel {
  readonly graph?: Graph | null;
  readonly functions: readonly (Operator & { readonly node: readonly Node[] })[];
  readonly trainingInfo: readonly { readonly initialization?: Graph | null; readonly algorithm?: Graph | null }[];
}

interface Graph {
  readonly node: readonly Node[];
  readonly initializer: readonly Tensor[];
  readonly sparseInitializer: readonly SparseTensor[];
}

interface Node {
  readonly domain: string;
  readonly opType: string;
  readonly attribute: readonly Attribute[];
}

interface Attribute {
  readonly t?: Tensor | null;
  readonly tensors: readonly Tensor[];
  readonly sparseTensor?: SparseTensor | null;
  readonly sparseTensors: readonly SparseTensor[];
  readonly g?: Graph | null;
  readonly graphs: readonly Graph[];
}

interface Tensor {
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

interface SparseTensor {
  readonly values?: Tensor | null;
  readonly indices?: Tensor | null;
}

export function referencesOf({ graph, functions, trainingInfo }: ReferringModel): References {
  const operators = new Map<string, Operator>();
  const locations = new Set<string>();
  const tensor = (found: Tensor | null | undefined) => {
    for (const { key, value } of found?.externalData ?? []) if (key === 'location') locations.add(value);
  };
  const sparse = (found: SparseTensor | null | undefined) => {
    tensor(found?.values);
    tensor(found?.indices);
  };
  const nodes = (found: readonly Node[]) => {
    for (const { domain, opType, attribute } of found) {
      const operator = { domain: plain(domain), name: opType };
      operators.set(keyOf(operator), operator);
      for (const { t, tensors, sparseTensor, sparseTensors, g, graphs } of attribute) {
        for (const one of [t, ...tensors]) tensor(one);
        for (const one of [sparseTensor, ...sparseTensors]) sparse(one);
        for (const one of [g, ...graphs]) walk(one);
      }
    }
  };
  const walk = (found: Graph | null | undefined) => {
    nodes(found?.node ?? []);
    found?.initializer.forEach(tensor);
    found?.sparseInitializer.forEach(sparse);
  };
  walk(graph);
  for (const { node } of functions) nodes(node);
  for (const { initialization, algorithm } of trainingInfo) for (const one of [initialization, algorithm]) walk(one);
  for (const { domain, name } of functions) operators.delete(keyOf({ domain: plain(domain), name }));
  return { operators: [...operators.values()], externalData: [...locations] };
}

const plain = (domain: string): string => domain || 'ai.onnx';
const keyOf = ({ domain, name }: Operator): string => `${domain} ${name}`;
