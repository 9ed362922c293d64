/** A spec that has been checked: shapes known, parameters listed. Everything below the border takes this, never the raw spec. */
import { nearest, SparseError, show } from './errors.ts';
import { isRecord } from './is-record.ts';
import { OPS, type OpRule, positive } from './op-rules.ts';
import type { NetworkSpec, NodeId, NodeSpec, OpName, ParamName } from './spec.ts';

export type ParamKind = 'weight' | 'bias' | 'scale' | 'shift' | 'memberScale' | 'runningMean' | 'runningVariance';

export interface ParamInfo {
  readonly node: NodeId;
  readonly kind: ParamKind;
  /** (O, I, kh, kw), (O, I), (members, C) or (C). */
  readonly shape: readonly number[];
  readonly size: number;
  /** May be sparse: a weight of a convolution or linear layer that the spec does not declare dense. */
  readonly sparsifiable: boolean;
  /** Changed by the optimiser; running statistics are not. */
  readonly trainable: boolean;
}

export interface Network {
  readonly spec: NetworkSpec;
  /** Per sample, by node id; `input` too. */
  readonly shapes: ReadonlyMap<NodeId, readonly number[]>;
  /** In the order of the nodes. */
  readonly params: ReadonlyMap<ParamName, ParamInfo>;
  /** Length of the logits of one head. */
  readonly classes: number;
  readonly heads: number;
  node(id: NodeId): NodeSpec;
}

interface Issue {
  readonly at: string;
  readonly expected: string;
  readonly received: unknown;
}

/** What is known while a spec is read. */
interface Reading {
  readonly shapes: Map<NodeId, readonly number[]>;
  /** Every id met so far. One without a shape has a fault, of its own or of what it starts from; what follows from it is not reported. */
  readonly met: Set<unknown>;
  readonly issues: Issue[];
}

/** Positions are 32-bit numbers and a typed array holds one parameter. */
const LARGEST_PARAM = 2 ** 31;

/**
 * Checks a spec and works out every shape.
 * @param spec parsed JSON
 * @throws SparseError INVALID_SPEC naming every fault that was found (of very many the first twenty)
 */
export function network(spec: unknown): Network {
  const reading: Reading = { shapes: new Map(), met: new Set(['input']), issues: [] };
  const { shapes, issues } = reading;
  checkOutline(spec, reading).forEach((node, i) => {
    checkNode(node, `nodes[${i}]`, reading);
    reading.met.add(node.id);
  });
  const checked = spec as NetworkSpec;
  if (issues.length === 0) checkOutput(checked, shapes, issues);
  if (issues.length > 0) throw invalid(issues);
  const params = listParams(checked, shapes);
  for (const [name, { shape, size }] of params)
    if (size > LARGEST_PARAM) issues.push({ at: name, expected: `at most ${LARGEST_PARAM} numbers in one parameter`, received: shape });
  if (issues.length > 0) throw invalid(issues);
  const byId = new Map(checked.nodes.map((node) => [node.id, node]));
  return Object.freeze({
    spec: checked,
    shapes,
    params,
    classes: shapes.get(checked.output)![0]! / (checked.heads ?? 1),
    heads: checked.heads ?? 1,
    node(id: NodeId): NodeSpec {
      const found = byId.get(id);
      if (!found) throw new SparseError('INVALID_ARGUMENT', 'node', `a node of ${checked.name}`, id);
      return found;
    },
  });
}

/** A message stays readable even if a thousand nodes are wrong. */
const MOST_ISSUES = 20;

function invalid(issues: readonly Issue[]): SparseError {
  const [first, ...others] = issues as [Issue, ...Issue[]];
  const listed = others
    .slice(0, MOST_ISSUES - 1)
    .map(({ at, expected, received }) => `Also ${at}: expected ${expected}, received ${show(received)}`);
  if (issues.length > MOST_ISSUES) listed.push(`And ${issues.length - MOST_ISSUES} more`);
  return new SparseError('INVALID_SPEC', first.at, first.expected, first.received, listed.join('. '));
}

const SPEC_KEYS = ['version', 'name', 'input', 'nodes', 'output', 'heads', 'initialization'];
const INITIALIZATIONS = ['torch', 'he-fan-out', 'he-fan-in'];

/** Everything but the nodes themselves; returns those that are at least objects. */
function checkOutline(spec: unknown, { shapes, issues }: Reading): Record<string, unknown>[] {
  if (!isRecord(spec)) {
    issues.push({ at: 'spec', expected: 'an object', received: spec });
    return [];
  }
  checkKeys(spec, SPEC_KEYS, 'spec', issues);
  if (spec.version !== 1) issues.push({ at: 'version', expected: '1', received: spec.version });
  if (typeof spec.name !== 'string' || spec.name === '') issues.push({ at: 'name', expected: 'a name', received: spec.name });
  if (spec.initialization !== undefined && !INITIALIZATIONS.includes(spec.initialization as string))
    issues.push({ at: 'initialization', expected: INITIALIZATIONS.join(', '), received: spec.initialization });
  const shape = isRecord(spec.input) ? spec.input.shape : undefined;
  if (isRecord(spec.input)) checkKeys(spec.input, ['shape'], 'input', issues);
  if (Array.isArray(shape) && (shape.length === 1 || shape.length === 3) && shape.every((d) => positive(d) === undefined)) {
    shapes.set('input', shape as number[]);
  } else issues.push({ at: 'input.shape', expected: '(C, H, W) or (features), whole numbers of at least 1', received: shape });
  if (!Array.isArray(spec.nodes) || spec.nodes.length === 0) {
    issues.push({ at: 'nodes', expected: 'a list of at least one node', received: spec.nodes });
    return [];
  }
  if (!shapes.has('input')) return [];
  return spec.nodes.map((node: unknown, i) => {
    if (isRecord(node)) return node;
    issues.push({ at: `nodes[${i}]`, expected: 'an object', received: node });
    return {};
  });
}

function checkKeys(record: Record<string, unknown>, known: readonly string[], at: string, issues: Issue[]): void {
  for (const key of Object.keys(record)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    issues.push({ at: `${at}.${key}`, expected: near ? `the key ${near}` : `one of the keys ${known.join(', ')}`, received: key });
  }
}

function checkNode(node: Record<string, unknown>, at: string, reading: Reading): void {
  const { shapes, met, issues } = reading;
  const before = issues.length;
  const { id, op, from } = node;
  if (typeof id !== 'string' || !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(id))
    issues.push({ at: `${at}.id`, expected: 'a name of letters, digits, _ . -', received: id });
  else if (met.has(id)) issues.push({ at: `${at}.id`, expected: 'a name that no earlier node has', received: id });
  const rule = typeof op === 'string' && Object.hasOwn(OPS, op) ? OPS[op as OpName] : undefined;
  if (!rule) {
    const near = typeof op === 'string' ? nearest(op, Object.keys(OPS)) : undefined;
    issues.push({
      at: `${at}.op`,
      expected: near ? `a known operation such as ${near}` : `one of ${Object.keys(OPS).join(', ')}`,
      received: op,
    });
    return;
  }
  checkKeys(node, ['id', 'op', 'from', ...Object.keys(rule.keys)], at, issues);
  for (const [key, check] of Object.entries(rule.keys)) {
    if (node[key] === undefined && !rule.required.includes(key)) continue;
    const expected = check(node[key]);
    if (expected) issues.push({ at: `${at}.${key}`, expected, received: node[key] });
  }
  const conflict = issues.length === before ? rule.conflict?.(node as Record<string, number>) : undefined;
  if (conflict) issues.push({ at: `${at}.${conflict.key}`, expected: conflict.expected, received: node[conflict.key] });
  const inputs = checkFrom(from, rule.inputs, at, reading);
  if (issues.length > before || inputs.length === 0) return;
  const shape = rule.shape(node as Record<string, number>, inputs[0]!, inputs);
  if (typeof shape === 'string') issues.push({ at, expected: shape, received: inputs[0] });
  else shapes.set(id as NodeId, shape);
}

/** Shapes of the nodes that a node starts from; none if that cannot be said. */
function checkFrom(from: unknown, count: OpRule['inputs'], at: string, { shapes, met, issues }: Reading): (readonly number[])[] {
  const several = count === 'several';
  if (!Array.isArray(from) || (several ? from.length === 0 : from.length !== count)) {
    const expected = several ? 'a list of at least one node id' : `a list of ${count} node id${count > 1 ? 's' : ''}`;
    issues.push({ at: `${at}.from`, expected, received: from });
    return [];
  }
  const inputs: (readonly number[])[] = [];
  from.forEach((id: unknown, i) => {
    const shape = shapes.get(id as NodeId);
    if (shape) inputs.push(shape);
    else if (!met.has(id))
      issues.push({ at: `${at}.from[${i}]`, expected: 'the id of an earlier node (nodes stand in topological order)', received: id });
  });
  if (inputs.length < from.length) return [];
  const compared = ([channels, ...sizes]: readonly number[]) => String(several ? ['C', ...sizes] : [channels, ...sizes]);
  for (const shape of inputs)
    if (compared(shape) !== compared(inputs[0]!))
      issues.push({ at: `${at}.from`, expected: `inputs of one shape, (${compared(inputs[0]!)})`, received: shape });
  return inputs;
}

function checkOutput(spec: NetworkSpec, shapes: ReadonlyMap<NodeId, readonly number[]>, issues: Issue[]): void {
  const shape = shapes.get(spec.output);
  if (!shape || spec.output === 'input') issues.push({ at: 'output', expected: 'the id of a node', received: spec.output });
  else if (shape.length !== 1) issues.push({ at: 'output', expected: 'a node of shape (classes)', received: shape });
  else if (spec.heads !== undefined && positive(spec.heads))
    issues.push({ at: 'heads', expected: positive(spec.heads)!, received: spec.heads });
  else if (shape[0]! % (spec.heads ?? 1) !== 0)
    issues.push({ at: 'heads', expected: `a divisor of ${shape[0]}, the length of the output`, received: spec.heads });
}

function listParams(spec: NetworkSpec, shapes: ReadonlyMap<NodeId, readonly number[]>): ReadonlyMap<ParamName, ParamInfo> {
  const params = new Map<ParamName, ParamInfo>();
  const put = (name: ParamName, node: NodeId, kind: ParamKind, shape: readonly number[], sparsifiable = false) =>
    params.set(name, { node, kind, shape, size: shape.reduce((a, b) => a * b, 1), sparsifiable, trainable: !kind.startsWith('running') });
  for (const node of spec.nodes) {
    const channels = shapes.get(node.from[0]!)![0]!;
    if (node.op === 'conv2d' || node.op === 'linear') {
      const kernel = node.op === 'conv2d' ? [node.kernel, node.kernel] : [];
      put(`${node.id}.weight`, node.id, 'weight', [node.out, channels, ...kernel], !node.dense);
      if (node.bias ?? true) put(`${node.id}.bias`, node.id, 'bias', [node.out]);
    } else if (node.op === 'batchNorm') {
      put(`${node.id}.weight`, node.id, 'scale', [channels]);
      put(`${node.id}.bias`, node.id, 'shift', [channels]);
      put(`${node.id}.running_mean`, node.id, 'runningMean', [channels]);
      put(`${node.id}.running_var`, node.id, 'runningVariance', [channels]);
    } else if (node.op === 'memberScale') {
      put(`${node.id}.weight`, node.id, 'memberScale', [node.members, channels]);
    }
  }
  return params;
}
