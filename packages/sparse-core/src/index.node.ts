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
