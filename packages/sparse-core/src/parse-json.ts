/** Deeper than anything that a person or a program here writes. */
const MOST_NESTING = 64;

/**
 * As JSON.parse, but a text that is nested deeper than 64 levels is refused unread: every open bracket costs the parser many times the
 * byte that it took to write, so that a file of megabytes would fill the memory.
 * @throws Error whose message says what was met instead of JSON, and in which line and column
 */
export function parseJson(text: string): unknown {
  if (nesting(text) > MOST_NESTING) throw new Error(`JSON nested deeper than ${MOST_NESTING} levels`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(withLine((error as Error).message, text), { cause: error });
  }
}

/** V8 counts from the beginning of the text, which nobody else does; some of its versions add line and column, and some no place at all. */
function withLine(message: string, text: string): string {
  if (text.trim() === '') return 'no text';
  return message.replace(/ at position (\d+).*$/s, (_, position: string) => {
    const before = text.slice(0, Number(position)).split('\n');
    return ` in line ${before.length}, column ${before.at(-1)!.length + 1}`;
  });
}

/** The deepest nesting of brackets outside strings. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) i++;
    else if (inString) continue;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) deepest = Math.max(deepest, ++depth);
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  return deepest;
}

const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = Array.from('"\\[{]}', (mark) => mark.charCodeAt(0));
