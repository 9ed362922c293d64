export { type MlflowOptions, openMlflow } from './mlflow/mlflow.ts';
export type {
  CorruptedCell,
  Curves,
  EpochPoint,
  InterpolationPath,
  LayerMap,
  OodSet,
  Pairs,
  Report,
  ReportEvaluation,
  ReportRun,
  ReportTable,
  Rewiring,
  RunCost,
  Scores,
  TicketPoint,
  TopologyMaps,
  TrajectoryPoint,
} from './report.ts';
export { type HtmlOptions, reportHtml } from './report-html.node.ts';
export type { Reporter, RunEnd, RunEvent, RunStart } from './reporter.ts';
export { checkEventFolder, openTensorBoard } from './tensorboard/tensorboard.node.ts';
export { topologyMaps } from './topology-maps.ts';
