// What is measured of the process and of its disk: made where the real ports are, handed in like them.
import type { Measure } from './measure.ts';
import type { AddMetrics } from './metrics.ts';

export interface MachineMeasures {
  readonly measures: readonly Measure[];
  /** Puts what prom-client itself knows of a process into the registry. */
  readonly addMetrics: AddMetrics;
}
