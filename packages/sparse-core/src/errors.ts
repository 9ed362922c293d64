/** Stable codes: programs branch on these, people read the sentence. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_SPEC'
  | 'INVALID_CONFIG'
  | 'SHAPE_MISMATCH'
  | 'ENGINE_LACKS_SIGNAL'
  | 'BAD_FILE'
  | 'MISSING_FILE'
  | 'ALREADY_EXISTS'
  | 'DISK_FULL'
  | 'DISK_FAILED'
  | 'NON_FINITE'
  | 'DEAD_LAYER'
  | 'KERNELS_UNAVAILABLE'
  | 'DOWNLOAD_FAILED'
  | 'RUNTIME_UNAVAILABLE';

/**
 * The one error of FreeTickets. Its message is a sentence: where, what was expected, what came, and (if known) what to do.
 * @example throw new SparseError('INVALID_SPEC', 'nodes[4].from', 'the id of an earlier node', 'conv9', 'Nodes must be in topological order')
 */
export class SparseError extends Error {
  override readonly name = 'SparseError';
  readonly code: ErrorCode;
  /** File, field or argument at fault. */
  readonly at: string;
  readonly expected: string;
  /** As the sentence shows it. */
  readonly received: string;
  /** What to do; empty where nobody knows. */
  readonly hint: string;

  constructor(code: ErrorCode, at: string, expected: string, received: unknown, hint = '', options?: ErrorOptions) {
    const shown = show(received);
    super(`${at}: expected ${expected}, received ${shown}${hint && `. ${hint}`}`, options);
    this.code = code;
    this.at = at;
    this.expected = expected;
    this.received = shown;
    this.hint = hint;
  }
}

/** A value as a reader wants to see it in a sentence: JSON, but NaN, undefined and long arrays stay readable. */
export function show(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || value === undefined) return String(value);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const items = Array.from(value as Uint8Array).slice(0, 8);
    const more = (value as Uint8Array).length - items.length;
    return `${value.constructor.name} [${items.join(', ')}${more > 0 ? `, and ${more} more` : ''}]`;
  }
  if (value instanceof Error) return value.message;
  const text = jsonOf(value);
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

/** An error message must never fail itself: JSON refuses circular objects and bigints inside objects. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The candidate closest to `word` by edit distance, if it is close enough to be a likely misspelling. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue; // the distance is no smaller than that
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
