/** What strace wrote down of a run (`-y -xx`: paths of descriptors, all bytes in hex), as what happened to the files below one folder. */
import { relative } from 'node:path';

/** Paths are relative to the folder; that of the folder itself is `.`. */
export type DiskCall =
  | { readonly kind: 'create' | 'unlink' | 'mkdir' | 'flush'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string }
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer };

/** In the order of the calls; those that failed are left out. */
export function diskCalls(log: string, folder: string): DiskCall[] {
  return log.split('\n').flatMap((line): DiskCall[] => {
    const [, name, args, result] = /^\d+ +(\w+)\((.*)\) += (-?\d+)/s.exec(line) ?? [];
    if (name === undefined || args === undefined || Number(result) < 0) return [];
    const texts = [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => unescaped(hex!));
    const descriptor = /^\d+<([^>]*)>/.exec(args)?.[1];
    const own = descriptor?.startsWith('\\x') ? unescaped(descriptor).toString() : descriptor;
    const inside = (path: string | undefined) => {
      const name = path === undefined ? '..' : relative(folder, path);
      return name.startsWith('..') ? undefined : name || '.';
    };
    const first = inside(texts[0]?.toString());
    if (name === 'pwrite64' || name === 'fsync') {
      const path = inside(own);
      if (path === undefined) return [];
      if (name === 'fsync') return [{ kind: 'flush', path }];
      return [{ kind: 'write', path, at: Number(/(\d+)$/.exec(args)![1]), bytes: texts[0]! }];
    }
    if (first === undefined) return [];
    if (name === 'rename') return [{ kind: 'rename', from: first, path: inside(texts[1]!.toString())! }];
    if (name === 'unlink') return [{ kind: 'unlink', path: first }];
    if (name === 'mkdir') return [{ kind: 'mkdir', path: first }];
    return args.includes('O_CREAT') ? [{ kind: 'create', path: first }] : [];
  });
}

const unescaped = (hex: string): Buffer => Buffer.from(hex.replaceAll('\\x', ''), 'hex');
