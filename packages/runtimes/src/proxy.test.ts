/** A proxy, as many networks have it: it is asked for connections to servers that this machine could not reach itself. */
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { indexServer } from '../test/index-server.ts';
import { temporaryFolder, tinyRuntime } from '../test/tiny.ts';
import { download } from './download.node.ts';

describe('a proxy', () => {
  it('is used where the environment names one', async () => {
    const { folder, pins } = await tinyRuntime();
    const server = await indexServer(folder, pins);
    const asked = new Set<string>();
    const proxy = createServer().on('connect', (request, client) => {
      asked.add(request.url!);
      const upstream = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.close();
    });
    vi.stubEnv('PIP_INDEX_URL', 'http://index.invalid/simple');
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    await download(pins[0], { folder: await temporaryFolder() });
    expect([...asked]).toEqual(['index.invalid:80']);
  });
});
