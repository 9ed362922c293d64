import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Report, reportHtml } from '@freetickets/report';

const report: Report = {
  title: 'One run',
  made: new Date().toISOString(),
  runs: [{ name: 'runs/mnist', provenance: [['Data', 'mnist']], epochs: [], rewirings: [], tickets: [] }],
  table: { header: ['run', 'accuracy %'], rows: [['runs/mnist', '98.4']], csv: 'run,accuracy\nruns/mnist,0.984', latex: '' },
  costs: [],
  notes: [],
};
const file = join(tmpdir(), 'report.html');
writeFileSync(file, reportHtml(report));
console.log(`open ${file} in a browser`);
