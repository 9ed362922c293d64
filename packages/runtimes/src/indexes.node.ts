/** The servers that files come from: the public ones, or those that pip and npm are told to use by the environment. */

export const pythonIndex = (): URL => folderOf(process.env.PIP_INDEX_URL || 'https://pypi.org/simple/');

export const npmRegistry = (): URL => folderOf(process.env.npm_config_registry || 'https://registry.npmjs.org/');

const folderOf = (url: string): URL => new URL(url.endsWith('/') ? url : `${url}/`);

/** Without a name and a password. */
export function below(folder: URL, path: string): string {
  const url = new URL(path, folder);
  url.username = '';
  url.password = '';
  return url.href;
}
