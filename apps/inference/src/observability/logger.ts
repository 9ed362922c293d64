// Logs: lines of JSON on stderr by pino, with the request's id where there is one and without anybody's key.

import { type Logger, pino } from 'pino';

export type { Logger };

/** Headers that hold secrets, wherever a line might carry them. */
const secrets = ['authorization', 'cookie', '["x-api-key"]'];
const paths = secrets.flatMap((name) => [
  name,
  ...['headers', 'req.headers'].map((at) => (name.startsWith('[') ? at + name : `${at}.${name}`)),
]);

/** @param destination  anything with `write`; default stderr */
export function createLogger(level = 'info', destination: { write(line: string): void } = process.stderr): Logger {
  return pino({ level, redact: { paths, censor: '[redacted]' }, timestamp: pino.stdTimeFunctions.isoTime, base: null }, destination);
}
