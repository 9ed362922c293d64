/** Runs on a page that follows them, for browsers of this machine: `/` and `/report.json`. Nothing can be changed through it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { reportHtml } from '@freetickets/report';
import { SparseError } from '@freetickets/sparse-core';
import { explain } from '../exit.ts';
import type { LiveReport } from './live-report.ts';

/** Of the page, unless told otherwise. */
export const WATCH_PORT = '8010';

const HOST = '127.0.0.1';
/** A page asks every two seconds. */
const PATIENCE_MS = 5000;

export interface ReportServer {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** Waits a moment where a page is open, so that it shows the run as it ended. */
  close(): Promise<void>;
}

/**
 * @param port 0 takes any free one
 * @throws SparseError INVALID_ARGUMENT when the port cannot be listened on, or as `LiveReport.report`
 */
export async function serveReport(live: LiveReport, port: number): Promise<ReportServer> {
  await live.report(); // what is wrong with the runs is told before anybody looks
  let asked = Number.NEGATIVE_INFINITY;
  const server = createServer((request, response) => {
    asked = Date.now();
    response.once('close', () => server.emit('answered'));
    void answer(live, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new SparseError('INVALID_ARGUMENT', `port ${port} of ${HOST}`, 'a free port', cause, 'Choose another with --port', { cause })),
    );
    server.listen(port, HOST, resolve);
  });
  return {
    address: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    async close() {
      if (Date.now() - asked < PATIENCE_MS) await Promise.race([once(server, 'answered'), delay(PATIENCE_MS, undefined, { ref: false })]);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

async function answer(live: LiveReport, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, type: string, text: string) =>
    response
      .writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      .end(text);
  // A page of another site, whose name was made to point here, is not to read what runs here.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) return void send(403, 'text/plain', 'not by this name\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return void send(405, 'text/plain', 'only to be read\n');
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== '/' && path !== '/report.json') return void send(404, 'text/plain', 'there are / and /report.json\n');
  try {
    const report = await live.report();
    if (path === '/') send(200, 'text/html', reportHtml(report, { live: true }));
    else send(200, 'application/json', JSON.stringify(report));
  } catch (error) {
    send(500, 'text/plain', `${explain(error)}\n`); // such as a file that was removed; the page keeps what it has
  }
}
