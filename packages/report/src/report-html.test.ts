import { describe, expect, it } from 'vitest';
import type { Report } from './report.ts';
import { reportHtml } from './report-html.node.ts';

const report: Report = {
  title: '</title><script>alert(1)</script>',
  made: '2026-01-01T00:00:00.000Z',
  runs: [
    {
      name: '</script><img src=x onerror=alert(1)><!--',
      provenance: [['Data', '\u2028']],
      epochs: [],
      rewirings: [],
      tickets: [],
    },
  ],
  table: { header: ['run'], rows: [['a']], csv: 'run\na', latex: 'a' },
  costs: [],
  notes: [],
};

/** The text between the data element's tags, as a browser finds it: up to the first end of a script. */
const dataIn = (html: string) => /<script type="application\/json" id="data">([\s\S]*?)<\/script/i.exec(html)![1]!;

describe('reportHtml', () => {
  it('carries the data whole, whatever runs are called', () => {
    const data = dataIn(reportHtml(report));
    expect(JSON.parse(data)).toEqual(report);
    expect(data).not.toMatch(/[<\u2028]/);
  });

  it('has no markup from names, and refers to nothing outside', () => {
    const html = reportHtml(report);
    expect(html).toContain('<title>&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;</title>');
    expect(html.match(/<script/g)).toHaveLength(2);
    const [head] = html.split('<script');
    expect(head).toContain("default-src 'none'");
    expect(head!.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="data:,"']);
  });

  it('says whether it follows a run', () => {
    expect(reportHtml(report)).toContain('data-live="false"');
    expect(reportHtml(report, { live: true })).toContain('data-live="true"');
  });
});
