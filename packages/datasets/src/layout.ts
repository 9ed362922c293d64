/**
 * Which pictures of a listing belong to which class: `train/<class>/...` and `test/<class>/...`, at the top or below one folder. Knows
 * names only; nothing here opens a file.
 */
import { SparseError } from '@freetickets/sparse-core';
import type { Listing } from './picture-store.ts';

export interface Layout {
  /** Sorted by code unit. */
  readonly classes: readonly string[];
  /** Names of the pictures of each class, sorted by code unit. */
  readonly train: readonly (readonly string[])[];
  readonly test: readonly (readonly string[])[];
  /** Files that are neither JPEG nor PNG by their ending, or lie outside the class folders. */
  readonly ignored: readonly string[];
}

type Part = 'train' | 'test';

/**
 * Hidden files and folders and `__MACOSX` do not count. Folders within a class folder belong to the class.
 *
 * @param at the folder or archive, for messages
 * @throws SparseError BAD_FILE when there is no such layout, a class has no pictures, or train and test have different classes
 */
export function layoutOf(listing: Listing, at: string): Layout {
  const files = listing.files.filter(visible);
  const folders = listing.folders.filter(visible).map((name) => `${name}/`);
  const top = topFolder([...files, ...folders], at);
  const parts = { train: new Map<string, string[]>(), test: new Map<string, string[]>() };
  const ignored: string[] = [];
  for (const name of [...folders, ...listing.files]) {
    const place = placeOf(name, top);
    // A folder is a class whatever is in it, so that one without pictures is noticed; archives may list no folders, only files.
    const pictures = place && open(parts[place.part], place.label);
    if (name.endsWith('/') || !visible(name)) continue;
    if (pictures && /\.(jpe?g|png)$/i.test(name)) pictures.push(name);
    else ignored.push(name);
  }
  const classes = agreedClasses(parts, at);
  const inOrder = (part: Part) => classes.map((label) => parts[part].get(label)!.sort(byCodeUnit));
  return { classes, train: inOrder('train'), test: inOrder('test'), ignored };
}

const visible = (name: string): boolean => !name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The one prefix ('' or 'name/') below which train/ and test/ lie. */
function topFolder(names: readonly string[], at: string): string {
  const tops = new Set<string>();
  for (const name of names) {
    const [first, second, third] = name.split('/');
    if ((first === 'train' || first === 'test') && second !== undefined) tops.add('');
    else if ((second === 'train' || second === 'test') && third !== undefined) tops.add(`${first}/`);
  }
  if (tops.has('')) return '';
  const [only, another] = tops;
  if (only === undefined) {
    throw new SparseError(
      'BAD_FILE',
      at,
      'folders train/<class> and test/<class> with pictures in them',
      'none',
      'They may lie below one top folder',
    );
  }
  if (another !== undefined) {
    throw new SparseError('BAD_FILE', at, 'train and test below one top folder', `both ${only} and ${another}`, 'Give one of them');
  }
  return only;
}

function placeOf(name: string, top: string): { part: Part; label: string } | undefined {
  if (!name.startsWith(top)) return undefined;
  const [part, label, rest] = name.slice(top.length).split('/');
  if ((part !== 'train' && part !== 'test') || !label || rest === undefined || !visible(label)) return undefined;
  return { part, label };
}

function open(classes: Map<string, string[]>, label: string): string[] {
  const files = classes.get(label) ?? [];
  classes.set(label, files);
  return files;
}

function agreedClasses(parts: Record<Part, ReadonlyMap<string, readonly string[]>>, at: string): string[] {
  for (const part of ['train', 'test'] as const) {
    if (parts[part].size === 0) throw new SparseError('BAD_FILE', at, `a folder for each class in ${part}/`, 'none');
    for (const [label, files] of parts[part]) {
      if (files.length === 0)
        throw new SparseError('BAD_FILE', `${at}: ${part}/${label}`, 'JPEG or PNG pictures in this class folder', 'none');
    }
  }
  const missing = (from: Part, other: Part) => [...parts[other].keys()].filter((label) => !parts[from].has(label));
  for (const [from, other] of [['test', 'train'] as const, ['train', 'test'] as const]) {
    const [first, ...more] = missing(from, other);
    if (first === undefined) continue;
    const also = more.length > 0 ? ` and ${more.length} more` : '';
    throw new SparseError('BAD_FILE', at, 'the same classes in train/ and test/', `${first}${also} in ${other}/ only`);
  }
  return [...parts.train.keys()].sort(byCodeUnit);
}
