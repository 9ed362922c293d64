export { type DemoResult, demo } from './commands/demo.ts';
export { type Evaluation, evaluateRun, type Scores, type Split } from './commands/evaluate.ts';
export { type ExportOptions, type ExportResult, exportRun } from './commands/export.ts';
export { type PicturePrediction, type PredictResult, predict } from './commands/predict.ts';
export { resumeRun, startRun, type TrainResult } from './commands/train.ts';
export { type ExperimentFile, readExperimentFile, resolveExperiment } from './experiment.ts';
export { type Experiment, experimentSchema, type FieldName, type Flags } from './experiment-fields.ts';
export { type Talk, talk } from './talk.ts';
export type { SavedTicket } from './training.ts';
