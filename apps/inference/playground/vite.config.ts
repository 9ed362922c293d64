import { defineConfig } from 'vite';

/** The page as the server sends it, from its own address alone. */
export default defineConfig({
  base: '/playground/',
  build: {
    outDir: '../dist/playground',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    license: { fileName: 'THIRD-PARTY-NOTICES.md' },
  },
});
