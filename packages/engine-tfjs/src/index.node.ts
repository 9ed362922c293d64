export { BACKENDS, type Backend, loadTfjs } from './load.node.ts';
