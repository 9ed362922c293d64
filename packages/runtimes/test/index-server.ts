/** PyPI's simple index and npm's registry on a port of this machine, serving the files of one folder; a test may have it fail in many ways. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { Pin } from '../src/pin.ts';

export interface Behaviour {
  /** Closes the connection after so many bytes of a wheel, when the client has said that it has them; once for each entry. */
  cutAfter?: number[];
  /** Knows nothing of ranges, and sends whole files. */
  noRanges?: boolean;
  /** An index in HTML only. */
  html?: boolean;
  /** Status of every answer. */
  status?: number;
  /** Asked of whoever wants a page or file. */
  password?: string;
  /** npm tarballs lie here, and not where npm's own registry has them. */
  tarballsAt?: string;
  /** Sends this in place of the wheel. */
  wheel?: Buffer;
}

export interface IndexServer extends Behaviour {
  readonly url: string;
  /** Paths, with the range asked for if there was one. */
  readonly requests: string[];
  /** A client's progress, as a download reports it. */
  readonly received: (pin: Pin, doneBytes: number) => void;
}

/** Until the test ends, pip's index and npm's registry are this server. */
export async function indexServer(folder: string, [wheel, tarball]: readonly [Pin, Pin], behaviour: Behaviour = {}): Promise<IndexServer> {
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let cutAt: { readonly byte: number; readonly response: ServerResponse } | undefined;
  const received = (pin: Pin, doneBytes: number) => {
    if (pin === wheel && doneBytes === cutAt?.byte) cutAt.response.destroy();
  };
  const state: IndexServer = { url, requests: [], received, ...behaviour };
  vi.stubEnv('PIP_INDEX_URL', `${url}/simple`);
  vi.stubEnv('npm_config_registry', `${url}/npm`);
  // The second way to a file tries no longer than it has to.
  for (const [name, value] of Object.entries({
    PIP_RETRIES: '0',
    PIP_NO_CACHE_DIR: '1',
    PIP_FIND_LINKS: '',
    PIP_EXTRA_INDEX_URL: '',
    npm_config_fetch_retries: '0',
  }))
    vi.stubEnv(name, value);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });

  const standard = `/npm/${tarball.name}/-/${tarball.name.split('/').at(-1)}-${tarball.version}.tgz`;
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url!);
    state.requests.push([path, request.headers.range].filter(Boolean).join(' '));
    const basic = `Basic ${Buffer.from(`user:${state.password}`).toString('base64')}`;
    if (state.password !== undefined && request.headers.authorization !== basic) response.writeHead(401).end();
    else if (state.status !== undefined) response.writeHead(state.status).end('no');
    else if (path === `/simple/${wheel.name}/`) page(request, response);
    else if (path === `/files/${wheel.file}`) file(request, response, state.wheel ?? readFileSync(join(folder, wheel.file)), true);
    else if (path === `/npm/${tarball.name}`) packument(response);
    else if (path === (state.tarballsAt ?? standard)) file(request, response, readFileSync(join(folder, tarball.file)), false);
    else response.writeHead(404).end();
  }

  function page(request: IncomingMessage, response: ServerResponse): void {
    const others = ['tiny_wheel-0.9-py3-none-any.whl', wheel.file];
    if (!state.html && request.headers.accept?.includes('application/vnd.pypi.simple.v1+json')) {
      const files = others.map((filename) => ({ filename, url: `../../files/${filename}`, hashes: {} }));
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: wheel.name, files }));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<!DOCTYPE html><body>${others.map((name) => `<a data-x="1" href="../../files/${name}#sha256=${wheel.sha256}">\n${name}</a><br>`).join('')}</body>`,
    );
  }

  function packument(response: ServerResponse): void {
    const integrity = `sha512-${createHash('sha512')
      .update(readFileSync(join(folder, tarball.file)))
      .digest('base64')}`;
    const dist = { tarball: url + (state.tarballsAt ?? standard), integrity };
    const version = { name: tarball.name, version: tarball.version, dist };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ name: tarball.name, 'dist-tags': { latest: tarball.version }, versions: { [tarball.version]: version } }),
    );
  }

  function file(request: IncomingMessage, response: ServerResponse, bytes: Buffer, mayCut: boolean): void {
    const start = state.noRanges ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const from = Number(start ?? 0);
    const range = start === undefined ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start === undefined ? 200 : 206, { 'content-length': bytes.length - from, ...range });
    const cut = mayCut ? state.cutAfter?.shift() : undefined;
    if (cut === undefined) response.end(bytes.subarray(from));
    else if (cut === 0) response.destroy();
    else {
      cutAt = { byte: from + cut, response };
      response.write(bytes.subarray(from, from + cut));
    }
  }
  return state;
}
