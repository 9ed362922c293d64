/** Event files of runs for TensorBoard: each run in a folder of its name, so that several can be seen together. */
import { join } from 'node:path';
import { checkEventFolder, openTensorBoard } from '@freetickets/report';
import { runName, type Tracker } from './tracker.ts';

export const eventFolder = (to: string, run: string): string => join(to, runName(run));

/** @param to the folder that TensorBoard is given */
export const tensorBoard = (to: string): Tracker => ({
  check: (run) => checkEventFolder(eventFolder(to, run)),
  open: (folder, start) => openTensorBoard(eventFolder(to, folder.path), start),
});
