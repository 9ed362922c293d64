/** `pnpm bench peak`: what this machine can do at most; every other suite measures it too, for its shares of the peak. */
import type { Suite } from '../suite.ts';

export const peak: Suite = {
  name: 'peak',
  about: 'multiply-adds of one thread and bytes to and from memory, at most',
  async run({ limits, settings }) {
    const header = ['limit', 'value'];
    if (!limits) return { cases: [], table: { header, rows: [] }, notes: ['There is no C compiler here, so nothing was measured.'] };
    const { fmaGflops, bandwidthGBs: bandwidth } = limits;
    const rows = [
      ...Object.entries(fmaGflops).map(([bits, value]) => [`one thread, ${bits}-bit multiply-adds`, `${value} GFLOP/s`]),
      ['one thread reads', `${bandwidth.readOne} GB/s`],
      ['one thread copies (read and written)', `${bandwidth.copyOne} GB/s`],
      [`${settings.threads} threads read`, `${bandwidth.readAll} GB/s`],
      [`${settings.threads} threads copy`, `${bandwidth.copyAll} GB/s`],
    ];
    return { cases: [limits], table: { header, rows }, notes: [] };
  },
};
