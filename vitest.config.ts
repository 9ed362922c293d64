import { defineConfig } from 'vitest/config';

/** All packages' tests in one run, each with its own vitest.config.ts; a package's tests alone: `pnpm --filter NAME test`. */
export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'test', 'tooling/bench'],
    maxWorkers: '100%',
    reporters: ['default', './tooling/last-line.ts'],
  },
});
