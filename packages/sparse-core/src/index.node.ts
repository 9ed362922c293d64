export { cacheFolder } from './cache-folder.node.ts';
export { loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
