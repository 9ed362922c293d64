export { explainWriteError, loadTicket, readFileOrExplain, saveTicket, type WriteOptions, writeFileAtomic } from './files.node.ts';
