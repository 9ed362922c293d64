export { type AssembledRun, type AssembleOptions, assembleRun } from './cluster/assemble.ts';
export { type ClusterStatus, type MemberStatus, statusOf } from './cluster/status.ts';
export { type ClusterEngine, type SubmitOptions, type Submitted, submit } from './cluster/submit.ts';
export { type Task, tasksIn } from './cluster/tasks.ts';
export { type MemberResult, trainMember } from './cluster/train-member.ts';
export { commandLine } from './command-line.ts';
export { type Bench, type BenchOptions, bench, type LayersBench, type RunBench } from './commands/bench.ts';
export { type CompareOptions, compareRuns } from './commands/compare.ts';
export { type DemoResult, demo } from './commands/demo.ts';
export { type DryRun, dryRun } from './commands/dry-run.ts';
export { type Evaluation, evaluateRun, type Scores, type Split } from './commands/evaluate.ts';
export { evaluateModel } from './commands/evaluate-model.ts';
export { type ExportOptions, type ExportResult, exportRun } from './commands/export.ts';
export { type ImportOptions, type ImportResult, importWeights } from './commands/import.ts';
export { type PicturePrediction, type PredictResult, predict } from './commands/predict.ts';
export { type SweepResult, type SweepTrial, sweepExperiment } from './commands/sweep.ts';
export { prepareRun, resumeRun, startRun, type TrainResult } from './commands/train.ts';
export type { Comparison } from './compare/formats.ts';
export type { ArgumentShape, CommandShape, OptionShape } from './completion/command-shape.ts';
export { type Computing, computingFor, tellNotes } from './engines.ts';
export { evaluationSchema, parseEvaluation } from './evaluation/document.ts';
export type { EvaluateOptions } from './evaluation/options.ts';
export { type ExperimentFile, readExperimentFile, resolveExperiment } from './experiment.ts';
export {
  type Experiment,
  experimentFields,
  experimentSchema,
  type FieldDescription,
  type FieldName,
  type Flags,
} from './experiment-fields.ts';
export { type Machine, machine, peakMemory } from './machine.ts';
export { RunFolder } from './run-folder.ts';
export { sweepSchema } from './sweep/sweep-block.ts';
export { type Talk, talk } from './talk.ts';
export { mlflow } from './trackers/mlflow.ts';
export { tensorBoard } from './trackers/tensorboard.ts';
export type { Tracker } from './trackers/tracker.ts';
export type { SavedTicket, Stop } from './training.ts';
export { computingNamed, openInference, openStep, randomModel, type Workload, type WorkloadOptions } from './workload.ts';
