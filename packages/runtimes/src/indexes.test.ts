/** Which variables are read, and that the sentence of failure names those. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { npmRegistry, pythonIndex, remedyFor } from './indexes.node.ts';

const NAMES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'PIP_INDEX_URL', 'npm_config_registry', 'NPM_CONFIG_REGISTRY'];
beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

describe('the indexes', () => {
  it('are the public ones, or those of pip and npm', () => {
    expect([pythonIndex().href, npmRegistry().href]).toEqual(['https://pypi.org/simple/', 'https://registry.npmjs.org/']);
    vi.stubEnv('PIP_INDEX_URL', 'http://mirror/pypi');
    vi.stubEnv('NPM_CONFIG_REGISTRY', 'http://mirror/npm/');
    expect([pythonIndex().href, npmRegistry().href]).toEqual(['http://mirror/pypi/', 'http://mirror/npm/']);
    vi.stubEnv('npm_config_registry', 'http://other/npm');
    expect(npmRegistry().href).toBe('http://other/npm/');
  });

  it('have to be addresses', () => {
    vi.stubEnv('PIP_INDEX_URL', 'mirror/pypi');
    expect(pythonIndex).toThrow('PIP_INDEX_URL: expected an address such as https://host/path, received "mirror/pypi"');
  });
});

describe('what may be set', () => {
  it.each([
    ['https://pypi.org/', 'pypi', {}, 'Set PIP_INDEX_URL to a mirror that this machine reaches or HTTPS_PROXY to its proxy'],
    ['http://mirror/', 'npm', {}, 'Set npm_config_registry to a mirror that this machine reaches or HTTP_PROXY to its proxy'],
    ['https://pypi.org/', 'pypi', { HTTPS_PROXY: 'http://127.0.0.1:9' }, 'or HTTPS_PROXY (now http://127.0.0.1:9/) to its proxy'],
    ['https://pypi.org/', 'pypi', { HTTPS_PROXY: 'http://a', https_proxy: 'http://b' }, 'or https_proxy (now http://b/) to its proxy'],
    ['https://pypi.org/', 'pypi', { http_proxy: 'http://user:secret@b:1' }, 'or http_proxy (now http://b:1/) to its proxy'],
    ['http://mirror/', 'pypi', { HTTPS_PROXY: 'http://a' }, 'or HTTP_PROXY to its proxy'],
  ] as const)('for %s of %s with %j', (url, index, environment, words) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect(remedyFor(url, index)).toContain(words);
  });
});
