import { expect, it } from 'vitest';
import { temporaryFolder, tinyRuntime } from '../test/tiny.ts';
import { planSetup } from './install.node.ts';
import { setupText } from './setup-text.ts';

it('says versions, files, the largest first, and the room that is needed', async () => {
  const { recipe, pins, folder } = await tinyRuntime();
  const cache = await temporaryFolder();
  const [wheel, tarball] = pins;
  const large = recipe({
    pins: [
      { ...tarball, sizeBytes: 12_000_000 },
      { ...wheel, sizeBytes: 1_500_000_000 },
    ],
    installedBytes: 4.2e9,
  });
  const plan = await planSetup(large, { cache });
  const files = '1.5 GB in 2 files (tiny-wheel 1.5 GB, @tiny/module 12 MB)';
  expect(setupText(plan)).toBe(`tensorflow (tiny 1.0): downloads ${files}; needs about 4.2 GB in ${plan.folder}`);
  expect(setupText(plan, 'wheels')).toBe(`tensorflow (tiny 1.0): downloads ${files}; needs 1.5 GB in wheels`);
  expect(setupText(await planSetup(large, { cache, from: folder }))).toMatch(/: downloads nothing; needs about 4\.2 GB/);
});
