// What a part of the node measures, in plain numbers: nothing here knows how they are told. Whoever counts adds to a number, and nobody is
// waited for; the rest is read when somebody asks. Labels have few values, each known beforehand or an id of hosts.json: never an address,
// an agent or a URL, which would make as many series as there are of them.

/** A number that is read when somebody asks, or one for each value of its label. */
export interface Figure {
  /** `counter`: it only grows while the process lives. */
  readonly kind: 'gauge' | 'counter';
  /** The name as Prometheus writes it, with its unit last; a counter ends with `_total`. */
  readonly name: string;
  /** A sentence for people. */
  readonly help: string;
  /** Absent: `read` tells one number. */
  readonly label?: string;
  read(): Reading | Promise<Reading>;
}

type Reading = number | Iterable<readonly [labelValue: string, value: number]>;

/** How often something happened, and how long it took. */
export type Measure = Figure | Times;

export interface TimesOptions<Outcome extends string> {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly outcomes: readonly Outcome[];
  /** Upper bounds of the buckets, in seconds, rising. */
  readonly boundsSeconds: readonly number[];
}

/** The counts of one outcome: how many took at most each bound, and no less than the one before; the last, more than all. */
export interface Counted {
  readonly buckets: Float64Array;
  sumSeconds: number;
}

/** Times by outcome, in buckets. Noting one costs two additions. */
export class Times<Outcome extends string = string> {
  readonly options: TimesOptions<Outcome>;
  readonly #counted: ReadonlyMap<string, Counted>;

  constructor(options: TimesOptions<Outcome>) {
    this.options = options;
    this.#counted = new Map(
      options.outcomes.map((outcome) => [
        outcome,
        { buckets: new Float64Array(options.boundsSeconds.length + 1), sumSeconds: 0 },
      ]),
    );
  }

  /** `tookMs`: milliseconds. Throws a plain error for an outcome that was not named when the times were made: a bug of the caller. */
  note(outcome: Outcome, tookMs: number): void {
    const counted = this.#counted.get(outcome);
    if (counted === undefined) throw new Error(`${this.options.name} has no outcome '${outcome}'.`);
    const seconds = tookMs / 1_000;
    const { boundsSeconds } = this.options;
    let at = 0;
    while (seconds > (boundsSeconds[at] ?? Number.POSITIVE_INFINITY)) at += 1;
    counted.buckets[at] = (counted.buckets[at] ?? 0) + 1;
    counted.sumSeconds += seconds;
  }

  counted(): Iterable<readonly [outcome: string, counted: Counted]> {
    return this.#counted;
  }
}
