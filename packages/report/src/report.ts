/**
 * What a report shows, as plain JSON: the one agreement between whoever gathers runs and the page that draws them. Every part that a run may lack
 * is optional, and its section is left out then.
 */

export interface Report {
  readonly title: string;
  /** ISO 8601. */
  readonly made: string;
  readonly runs: readonly ReportRun[];
  /** All runs in one table, and the same to copy. */
  readonly table: ReportTable;
  /** Where they lie in quality against cost. */
  readonly costs: readonly RunCost[];
  /** What readers should know, such as a run that is not finished. */
  readonly notes: readonly string[];
}

export interface ReportTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly csv: string;
  readonly latex: string;
}

export interface RunCost {
  readonly run: string;
  /** In [0, 1]; of the ensemble on the test pictures. */
  readonly accuracy: number;
  /** Of training and of one prediction, relative to one dense network. */
  readonly trainingFlops: number;
  readonly inferenceFlops: number;
  /** Of training. */
  readonly seconds: number;
}

export interface ReportRun {
  readonly name: string;
  /** Name and value: configuration and its hash, data and their hash, versions, machine. */
  readonly provenance: readonly (readonly [string, string])[];
  readonly epochs: readonly EpochPoint[];
  readonly rewirings: readonly Rewiring[];
  readonly tickets: readonly TicketPoint[];
  readonly topology?: TopologyMaps;
  readonly evaluation?: ReportEvaluation;
}

/** Members that are trained on their own count their steps each from 1. */
export interface EpochPoint {
  readonly member: number;
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validLoss?: number | undefined;
  readonly validAccuracy?: number | undefined;
  readonly learningRate: number;
}

export interface Rewiring {
  readonly member: number;
  readonly step: number;
  readonly cause: string;
  /** Share of the live weights that was to be dropped. */
  readonly fraction: number;
  /** R_s: share of the weights that has lived at least once. */
  readonly exploration: number;
  readonly layers: readonly { readonly param: string; readonly live: number; readonly size: number; readonly changed: number }[];
}

export interface TicketPoint {
  readonly index: number;
  readonly member: number;
  /** Steps of its member's training when it was handed out. */
  readonly step: number;
}

/** Which weights live, coarsely: the density of each cell of a grid over each layer's weight matrix. */
export interface TopologyMaps {
  readonly layers: readonly LayerMap[];
}

export interface LayerMap {
  readonly param: string;
  /** (outputs, inputs x kernel) of the layer. */
  readonly shape: readonly [number, number];
  /** Of the grid. */
  readonly rows: number;
  readonly columns: number;
  /** One per ticket: rows x columns densities in [0, 1], row by row. */
  readonly tickets: readonly (readonly number[])[];
  /** Of a first layer that sees all pixels: live weights at each, one array (height x width) per ticket, and the picture's sides. */
  readonly pixels?: { readonly height: number; readonly width: number; readonly tickets: readonly (readonly number[])[] };
}

/** The parts of what `freetickets evaluate` keeps that are drawn; its document fits. Probabilities and rates lie in [0, 1]. */
export interface ReportEvaluation {
  readonly ensemble: Scores;
  readonly members: readonly Scores[];
  readonly curves?: Curves | undefined;
  readonly diversity: {
    readonly pairs?: { readonly disagreement: Pairs; readonly topologyOverlap: Pairs } | undefined;
  };
  readonly ood?: readonly OodSet[] | undefined;
  readonly corruptions?: { readonly cells: readonly CorruptedCell[] } | undefined;
  readonly interpolation?: { readonly paths: readonly InterpolationPath[] } | undefined;
  readonly trajectory?: { readonly points: readonly TrajectoryPoint[] } | undefined;
}

export interface Scores {
  readonly accuracy: number;
  readonly nll: number;
}

/** Member by member; null on the diagonal or where it does not exist. */
export type Pairs = readonly (readonly (number | null)[])[];

export interface Curves {
  readonly reliability: readonly {
    readonly low: number;
    readonly high: number;
    readonly count: number;
    readonly confidence: number;
    readonly accuracy: number;
  }[];
  readonly riskCoverage: readonly { readonly coverage: number; readonly risk: number }[];
  /** Pictures in bins of equal width of the largest probability. */
  readonly confidence: { readonly right: readonly number[]; readonly wrong: readonly number[] };
}

export interface OodSet {
  readonly name: string;
  readonly ensemble: { readonly maxProbability?: { readonly auroc: number } | undefined };
  readonly histogram?: { readonly inside: readonly number[]; readonly outside: readonly number[] } | undefined;
}

export interface CorruptedCell {
  readonly corruption: string;
  readonly severity: number;
  readonly accuracy: number;
  readonly ece: number;
}

export interface InterpolationPath {
  readonly members: readonly [number, number];
  readonly points: readonly { readonly share: number; readonly loss: number; readonly error: number }[];
}

export interface TrajectoryPoint {
  readonly member: number;
  readonly epoch: number;
  readonly x: number;
  readonly y: number;
}
