export { loadTicket, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
