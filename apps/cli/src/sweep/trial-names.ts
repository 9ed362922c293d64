/** Names for the trials of a sweep, by what differs between them: they are names of folders, and tell a person what is inside. */
import type { Point } from './points.ts';

/** Of a trial; with the seed it has to stay below 255 bytes, the limit of common file systems. */
const LONGEST = 150;

/** @returns a name for each point, no two of them equal; empty where there is one point only */
export function trialNames(points: readonly Point[]): string[] {
  const fields = [...new Set(points.flatMap((point) => Object.keys(point)))];
  const differing = fields.filter((field) => new Set(points.map((point) => JSON.stringify(point[field]))).size > 1);
  const names = points.map((point) =>
    differing
      .filter((field) => point[field] !== undefined)
      .map((field) => `${field}=${plain(point[field])}`)
      .join(','),
  );
  const digits = String(points.length).length;
  // Some file systems take capitals and small letters for the same.
  const isAlone = (name: string) => names.filter((other) => other.toLowerCase() === name.toLowerCase()).length === 1;
  const isFine = (name: string) => name.length <= LONGEST && isAlone(name) && (name !== '' || points.length === 1);
  return names.map((name, index) => (isFine(name) ? name : `trial=${String(index + 1).padStart(digits, '0')}`));
}

/** Letters, digits and what is harmless in a folder's name on any system. */
const plain = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).replace(/[^\w.+-]+/g, '-').replace(/^-|-$/g, '');
