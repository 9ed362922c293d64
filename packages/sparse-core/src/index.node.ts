export { cacheFolder } from './cache-folder.node.ts';
export {
  explainWriteError,
  loadTicket,
  makeFolder,
  readFileOrExplain,
  saveTicket,
  type WriteOptions,
  writeAt,
  writeFileAtomic,
} from './files.node.ts';
export { lockFolder } from './lock-folder.node.ts';
