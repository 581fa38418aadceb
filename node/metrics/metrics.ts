// The measures of a node as Prometheus reads them, by prom-client, in a registry of the node's own: two nodes in one process share nothing.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Counted, type Figure, type Measure, Times } from './measure.ts';

/** Puts metrics of its own into the registry. */
export type AddMetrics = (registry: Registry) => void;

export class Metrics {
  readonly #registry = new Registry();

  /** `more`: what tells of the process itself. Throws when two measures have one name. */
  constructor(measures: readonly Measure[], more: AddMetrics = () => {}) {
    for (const measure of measures) {
      if (measure instanceof Times) new TimesHistogram(measure, this.#registry);
      else addFigure(measure, this.#registry);
    }
    more(this.#registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The measures as they are now, in Prometheus' text format. Rejects when one of them can't be read. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** What a figure is read into: prom-client's gauges and counters both have it. */
interface Readable {
  reset(): void;
  inc(labels: Readonly<Record<string, string>>, value: number): void;
}

function addFigure(figure: Figure, registry: Registry): void {
  const { kind, name, help, label } = figure;
  const Kind = kind === 'gauge' ? Gauge<string> : Counter<string>;
  new Kind({
    ...{ name, help, labelNames: label === undefined ? [] : [label], registers: [registry] },
    collect(this: Readable) {
      return readInto(this, figure);
    },
  });
}

async function readInto(metric: Readable, { label, read }: Figure): Promise<void> {
  const reading = await read();
  metric.reset();
  for (const [value, number] of typeof reading === 'number' ? [['', reading] as const] : reading)
    metric.inc(label === undefined ? {} : { [label]: value }, number);
}

/** A histogram that was counted elsewhere: prom-client's own looks its labels up at each observation. */
class TimesHistogram extends Histogram {
  readonly #times: Times;

  constructor(times: Times, registry: Registry) {
    const { name, help, label, boundsSeconds } = times.options;
    super({ name, help, labelNames: [label], buckets: [...boundsSeconds], registers: [registry] });
    this.#times = times;
  }

  override async get(): ReturnType<Histogram['get']> {
    const { name, help, label, boundsSeconds } = this.#times.options;
    const values = [...this.#times.counted()].flatMap(([outcome, counted]) =>
      samplesOf(name, { [label]: outcome }, boundsSeconds, counted),
    );
    // Its types ask for more than it has itself.
    return { name, help, type: 'histogram', aggregator: 'sum', values } as unknown as Awaited<
      ReturnType<Histogram['get']>
    >;
  }

  /** What the registry asks in place of `get` where there is one. */
  getForPromString() {
    return this.get();
  }
}

/** Buckets hold all that are below their bound, as Prometheus wants them. */
function samplesOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  boundsSeconds: readonly number[],
  { buckets, sumSeconds }: Counted,
) {
  let sum = 0;
  const below = [...buckets].map((count, at) => {
    sum += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: boundsSeconds[at] ?? '+Inf' }, value: sum };
  });
  return [
    ...below,
    { metricName: `${name}_sum`, labels, value: sumSeconds },
    { metricName: `${name}_count`, labels, value: sum },
  ];
}
