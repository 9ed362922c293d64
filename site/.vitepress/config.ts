/** The site: Markdown where it lies in the repository, reference pages that `scripts/write-reference.mjs` made, and nothing from elsewhere. */
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { repositoryLinks } from './links.ts';
import { isPage, pathOf, root, sidebar } from './pages.ts';

export default defineConfig({
  title: 'FreeTickets',
  description: 'Ensembles of sparse neural networks: training, uncertainty, export, serving.',
  lang: 'en',
  srcDir: root,
  srcExclude: ['**/node_modules/**', '.*/**', 'test/**', 'tooling/**', 'deploy/**', 'docs/examples/**', 'README.md', 'site/README.md'],
  rewrites: (file) => (isPage(file) ? pathOf(file) : file),
  outDir: join(root, 'site/dist'),
  cacheDir: join(root, 'site/node_modules/.vitepress'),
  cleanUrls: true,
  markdown: { config: repositoryLinks },
  themeConfig: {
    search: { provider: 'local' },
    sidebar,
    nav: [
      { text: 'Tutorial', link: '/docs/tutorial/first-ensemble' },
      { text: 'Concepts', link: '/docs/concepts/free-tickets' },
      { text: 'Commands', link: '/reference/commands/' },
    ],
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: 'https://github.com/freetickets/freetickets' }],
  },
});
