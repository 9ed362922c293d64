export { cacheFolder } from './cache-folder.node.ts';
export {
  explainWriteError,
  loadTicket,
  MOST_JSON_BYTES,
  makeFolder,
  readFileOrExplain,
  saveTicket,
  type WriteOptions,
  writeAt,
  writeFileAtomic,
} from './files.node.ts';
