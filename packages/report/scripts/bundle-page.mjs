// Bundles page/ with its charting library into one script, dist/page.js, which every report carries, and puts the library's terms beside it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const folder = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

await build({
  root: folder('page'),
  configFile: false,
  logLevel: 'warn',
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    lib: { entry: folder('page/main.ts'), formats: ['iife'], name: 'report', fileName: () => 'page.js', cssFileName: 'page' },
    outDir: folder('dist'),
    emptyOutDir: false,
    target: 'es2022',
  },
});

// It stands inside a script element.
if (/<\/script|<!--/i.test(readFileSync(folder('dist/page.js'), 'utf8'))) throw new Error('dist/page.js: the bundle would end its element');

const echarts = dirname(createRequire(import.meta.url).resolve('echarts/package.json'));
const zrender = dirname(createRequire(join(echarts, 'package.json')).resolve('zrender/package.json'));
const terms = [join(echarts, 'NOTICE'), join(echarts, 'LICENSE'), join(zrender, 'LICENSE')].map((path) =>
  readFileSync(path, 'utf8').trim(),
);
writeFileSync(
  folder('dist/THIRD-PARTY-NOTICES.txt'),
  `page.js holds parts of Apache ECharts and ZRender.\n\n${terms.join('\n\n----\n\n')}\n`,
);
