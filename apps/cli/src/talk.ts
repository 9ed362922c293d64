/** What a command says: its result to standard output, everything else to standard error. */

export interface Talk {
  readonly quiet: boolean;
  /** For people, to standard error; nothing with `--quiet`. */
  say(text: string): void;
  /** The command's one result: a document for machines with `--json`, else the text for people. */
  result(document: unknown, text: string): void;
}

export function talk({ json = false, quiet = false }: { readonly json?: boolean | undefined; readonly quiet?: boolean | undefined }): Talk {
  return {
    quiet,
    say(text) {
      if (!quiet) process.stderr.write(`${text}\n`);
    },
    result(document, text) {
      process.stdout.write(`${json ? JSON.stringify(document) : text}\n`);
    },
  };
}
