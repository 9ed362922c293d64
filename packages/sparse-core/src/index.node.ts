export { cacheFolder } from './cache-folder.node.ts';
export { explainWriteError, loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
export { lockFolder } from './lock-folder.node.ts';
