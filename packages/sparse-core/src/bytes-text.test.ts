import { describe, expect, it } from 'vitest';
import { bytesText } from './bytes-text.ts';

describe('bytesText', () => {
  it.each([
    [0, '0 MB'],
    [273_829_956, '274 MB'],
    [1_741_030_178, '1.7 GB'],
  ])('%d -> %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
