// What a benchmark says: one figure beside the baseline of the same run. Ratios travel between machines; absolute times do not.

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** E.g. `1/s`, `ms`, `MB`. */
  readonly unit: string;
  /** What it was measured beside, in the same unit and the same run. */
  readonly baseline?: { readonly name: string; readonly value: number };
  /** What was promised, as a person reads it, and whether this run kept it. */
  readonly target?: string;
  readonly kept?: boolean;
}

export interface BenchmarkOptions {
  /** The directory of an earlier version, for a benchmark that has one as its baseline. */
  readonly against?: string | undefined;
  /** Every size, for a benchmark that leaves the large ones out, which take an hour. */
  readonly full?: boolean | undefined;
  /** One part alone, for a benchmark that has several. */
  readonly of?: string | undefined;
  /** In place of the sizes of a part that measures several. */
  readonly sizes?: readonly number[] | undefined;
  /** A directory for what takes minutes to be made, by a benchmark that has such: it is made where it is not there, and stays. */
  readonly keep?: string | undefined;
}

export interface Benchmark {
  /** The word that chooses it, and the heading of its table. */
  readonly name: string;
  /** What is measured, in a sentence or two, for the table. */
  readonly about: string;
  /** The names of what `run` gives, each once, in their order. A paper that promises one of them says it by this name. */
  readonly figures: readonly string[];
  /** The names of what it gives with `full`, beside those or in their place. */
  readonly figuresInFull?: readonly string[];
  /** Measures. `rounds`: how often each side, in turns; medians are reported. */
  run(rounds: number, options?: BenchmarkOptions): Promise<readonly Figure[]>;
}

/** Every name that the benchmark says. */
export function namesOf({
  figures,
  figuresInFull = [],
}: Pick<Benchmark, 'figures' | 'figuresInFull'>): readonly string[] {
  return [...new Set([...figures, ...figuresInFull])];
}

/** The middle of the sorted values; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of the sorted values lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
