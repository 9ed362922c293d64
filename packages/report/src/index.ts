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
export { topologyMaps } from './topology-maps.ts';
