/** Where pictures lie: a folder on disk or an archive. Names are relative, with `/` between their parts, and are only ever names. */
export interface PictureStore {
  readonly path: string;
  /** Names what is inside, for messages: `data.tar.gz: train/cat/0001.jpg`. */
  describe(name: string): string;
  /** Changes whenever the content may have changed; cheap next to reading it. */
  fingerprint(): Promise<string>;
  list(): Promise<Listing>;
  /** The named files' bytes, in whatever order is quickest. Reads on only as fast as it is asked to. */
  read(names: ReadonlySet<string>): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>;
}

export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** More entries than any set that fits in memory; keeps a hostile archive from filling it with names. */
export const MAX_ENTRIES = 2_000_000;

/** Largest file that is taken for a picture. */
export const MAX_PICTURE_BYTES = 64 * 2 ** 20;
