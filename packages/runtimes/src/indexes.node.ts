/** The servers that files come from: the public ones, or those that pip and npm are told to use by the environment. */
import { SparseError } from '@freetickets/sparse-core';

export const pythonIndex = (): URL => folderIn(['PIP_INDEX_URL'], 'https://pypi.org/simple/');

export const npmRegistry = (): URL => folderIn(['npm_config_registry', 'NPM_CONFIG_REGISTRY'], 'https://registry.npmjs.org/');

/** @throws SparseError INVALID_CONFIG for what is no address */
function folderIn(variables: readonly string[], otherwise: string): URL {
  const name = firstSet(variables);
  const url = name === undefined ? otherwise : process.env[name]!;
  if (!URL.canParse(url)) throw new SparseError('INVALID_CONFIG', name!, 'an address such as https://host/path', url);
  return new URL(url.endsWith('/') ? url : `${url}/`);
}

const firstSet = (variables: readonly string[]): string | undefined => variables.find((name) => process.env[name]);

export const below = (folder: URL, path: string): string => withoutPassword(new URL(path, folder));

function withoutPassword(address: URL): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

/** In the order in which they are read; a proxy for http serves https too where there is no other. */
const PROXIES = { 'http:': ['http_proxy', 'HTTP_PROXY'], 'https:': ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'] } as const;

/** An empty variable is none, in small letters too, and hides no other. */
export function proxyFor(protocol: keyof typeof PROXIES): string | undefined {
  const name = firstSet(PROXIES[protocol]);
  return name === undefined ? undefined : process.env[name];
}

/** What may be set where an address gives nothing: the variables that are read, and what the proxy is now. */
export function remedyFor(url: string, index: 'pypi' | 'npm'): string {
  const names = PROXIES[url.startsWith('https:') ? 'https:' : 'http:'];
  const name = firstSet(names);
  const proxy = name === undefined ? names[1] : `${name} (now ${proxyText(process.env[name]!)})`;
  const mirror = index === 'npm' ? 'npm_config_registry' : 'PIP_INDEX_URL';
  return `Set ${mirror} to a mirror that this machine reaches or ${proxy} to its proxy, and run it again: it goes on where it stopped. Or fetch the files elsewhere and give their folder with --from`;
}

const proxyText = (address: string): string => (URL.canParse(address) ? withoutPassword(new URL(address)) : address);
