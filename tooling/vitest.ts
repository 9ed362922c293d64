import { defineConfig } from 'vitest/config';

/** Shared by every package: workspace imports resolve to sources, so a test needs no build of its neighbours. */
export default defineConfig({
  resolve: { conditions: ['@freetickets/source'] },
  ssr: { resolve: { conditions: ['@freetickets/source'] } },
  test: { include: ['**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } },
});
