// GET /metrics: everything that this host measures, in the text format of Prometheus.
import type { Hono } from 'hono';
import { resource } from '../methods.ts';

export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

export function metricsRoutes(app: Hono, metrics: MetricsText): void {
  resource(app, '/metrics', {
    GET: async (c) => c.body(await metrics.text(), 200, { 'Content-Type': metrics.contentType }),
  });
}
