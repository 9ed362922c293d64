export { loadTicket, MOST_JSON_BYTES, readFileOrExplain, saveTicket, writeFileAtomic } from './files.node.ts';
