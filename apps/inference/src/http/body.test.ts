import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkEncoding, contentEncoding, decompress, parseJson } from './body.ts';

const bytes = (text: string) => Buffer.from(text);

describe('decompress', () => {
  const body = bytes('{"a":1}'.padEnd(1000));

  it('undoes gzip and deflate, and leaves the rest alone', async () => {
    expect(await decompress(gzipSync(body), 'gzip', 1000)).toEqual(body);
    expect(await decompress(deflateSync(body), 'deflate', 1000)).toEqual(body);
    expect(await decompress(body, 'identity', 1)).toEqual(body);
  });

  it('stops a small body that grows past the limit, with 413', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    await expect(decompress(bomb, 'gzip', 20_000)).rejects.toMatchObject({ statusCode: 413 });
    await expect(decompress(gzipSync(body), 'gzip', 999)).rejects.toMatchObject({ statusCode: 413 });
  });

  it('answers broken data with 400', async () => {
    await expect(decompress(bytes('not gzip'), 'gzip', 1000)).rejects.toMatchObject({ statusCode: 400 });
    await expect(decompress(gzipSync(body).subarray(0, 20), 'gzip', 1000)).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('checkEncoding', () => {
  it('knows gzip, deflate and identity in any case, and refuses others with 415', () => {
    for (const encoding of [undefined, 'gzip', 'GZIP', 'deflate', 'identity'])
      expect(() => checkEncoding(contentEncoding(encoding))).not.toThrow();
    for (const encoding of ['br', 'gzip, gzip', '']) {
      expect(() => checkEncoding(contentEncoding(encoding))).toThrow(
        expect.objectContaining({ statusCode: 415, headers: { 'accept-encoding': 'gzip, deflate' } }),
      );
    }
  });
});

describe('parseJson', () => {
  const nested = (levels: number) => bytes('['.repeat(levels) + ']'.repeat(levels));

  it('parses JSON', () => {
    expect(parseJson(bytes(' {"a":[1,"é"]} '))).toEqual({ a: [1, 'é'] });
  });

  it.each(['', '{', 'NaN', '[NaN]', '[Infinity]', '{"a":1}}'])('refuses %j', (text) => {
    expect(() => parseJson(bytes(text))).toThrow(/^request body: expected JSON, received something else \(/);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJson(Buffer.of(0x22, 0xff, 0x22))).toThrow('expected JSON');
  });

  it('allows 100 levels of nesting and refuses 101', () => {
    expect(parseJson(nested(100))).toHaveLength(1);
    expect(() => parseJson(nested(101))).toThrow('at most 100 levels');
    expect(() => parseJson(bytes('{"a":'.repeat(1_000_000)))).toThrow('at most 100 levels');
  });

  it('does not count brackets inside strings, nor side by side', () => {
    expect(parseJson(bytes(JSON.stringify('['.repeat(200))))).toBe('['.repeat(200));
    expect(parseJson(bytes(JSON.stringify(`\\"${'['.repeat(200)}`)))).toBe(`\\"${'['.repeat(200)}`);
    expect(parseJson(bytes(`[${'[],'.repeat(200)}[]]`))).toHaveLength(201);
  });
});
