/** The site: Markdown where it lies in the repository, reference pages that `scripts/write-reference.mjs` made, and nothing from elsewhere. */
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { repositoryLinks } from './links.ts';
import { isPage, pathOf, root, sidebar } from './pages.ts';

/** Pages lie outside this package and do not see its dependencies; when they are rendered, Node finds this one beside the result. */
const vueOfThisPackage = {
  name: 'vue of this package',
  enforce: 'pre',
  resolveId: (id: string, _importer: string | undefined, { ssr }: { ssr?: boolean }) =>
    ssr && /^vue(\/server-renderer)?$/.test(id) ? { id, external: true } : undefined,
} as const;

/** A ticket. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath fill='%233451b2' d='M3 8h26v5a3 3 0 0 0 0 6v5H3v-5a3 3 0 0 0 0-6z'/%3E%3C/svg%3E";

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
  head: [['link', { rel: 'icon', href: ICON }]],
  markdown: { config: repositoryLinks },
  vite: { plugins: [vueOfThisPackage], build: { chunkSizeWarningLimit: 3000 } },
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
