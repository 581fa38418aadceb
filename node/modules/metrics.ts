// What a node measures, as its operator's tools read it.
import { metricsRoutes } from '../http/routes/metrics.ts';
import type { Measure } from '../metrics/measure.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { Module, Parts } from './module.ts';

/** `measured`: modules that measure something. `more`: measures of none of them. */
export function openMetricsModule({ ports }: Parts, measured: readonly Module[], more: readonly Measure[]): Module {
  const measures = [...more, ...measured.flatMap(({ measures: own }) => own ?? []), ...(ports.machine?.measures ?? [])];
  const metrics = new Metrics(measures, ports.machine?.addMetrics);
  return { routes: (app) => metricsRoutes(app, metrics) };
}
