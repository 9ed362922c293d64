/** What the child process of `train --ui` does: it serves the page until it is told to stop. `live-page.ts` is the other side. */
import { explain } from '../exit.ts';
import { LiveReport } from '../watch/live-report.ts';
import { type ReportServer, serveReport } from '../watch/report-server.ts';
import type { PageStart, PageTask } from './live-page.ts';

let server: ReportServer | undefined;
// A Ctrl-C reaches the children of a terminal's process, too; the parent alone says when it is over.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {});
process.on('disconnect', () => process.exit());
process.on('message', async (message: PageTask | 'stop') => {
  if (message === 'stop') {
    await server?.close();
    process.exit();
  }
  try {
    server = await serveReport(new LiveReport([message.run]), message.port);
    process.send!({ address: server.address } satisfies PageStart);
  } catch (error) {
    process.send!({ error: explain(error).replace(/^error: /, '') } satisfies PageStart, () => process.exit());
  }
});
