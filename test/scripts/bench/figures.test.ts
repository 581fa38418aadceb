// The tables of the benchmarks' README against what was noted: nobody edits a figure by hand, and none is promised that nobody measures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BENCHMARKS, chosenBenchmarks, whyNotAsSaid } from '../../../scripts/bench/benchmarks.ts';
import { type Benchmark, namesOf } from '../../../scripts/bench/figure.ts';
import { withTable } from '../../../scripts/bench/figure-table.ts';
import { type RecordedRun, recordedRuns, withRun } from '../../../scripts/bench/recorded-figures.ts';

const README = readFileSync(join(import.meta.dirname, '..', '..', '..', 'scripts', 'bench', 'README.md'), 'utf8');
const MARKS = ['<!-- figures: written by npm run figures -->', '<!-- end of figures -->'] as const;

const benchmark = (parts: Partial<Benchmark> = {}): Benchmark => ({
  ...{ name: 'page', about: 'What a page takes.', figures: ['first octet'], run: async () => [] },
  ...parts,
});

const run = (parts: Partial<RecordedRun> = {}): RecordedRun => ({
  benchmark: 'page',
  at: '2026-11-29T02:00:00.000Z',
  commit: 'c0ffee00',
  rounds: 3,
  tookSeconds: 12,
  machine: { cpu: 'A processor', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v24', diskSyncMs: 0.4, load: 1.5 },
  figures: [
    {
      ...{ name: 'first octet', value: 12.345, unit: 'ms', target: '≤ 10 ms', kept: false },
      baseline: { name: 'a | bare route', value: 2 },
    },
  ],
  ...parts,
});

const figure = (name: string, value = 1) => ({ name, value, unit: 'ms' });

describe('the tables of figures', () => {
  it('are what npm run figures writes', () => {
    const written = withTable(README, { benchmarks: BENCHMARKS, runs: recordedRuns() });
    expect(written === README, 'Run `npm run figures`.').toBe(true);
  });

  it('have each figure with its baseline, what was promised, and the machine', () => {
    const paper = withTable(`before\n${MARKS[0]}\nold\n${MARKS[1]}\nafter`, {
      benchmarks: [benchmark()],
      runs: [run()],
    });
    expect(paper).toContain('Seen on: 2 cores of A processor, 8 GiB, Linux, Node v24.');
    expect(paper).toContain('### page\n\nWhat a page takes. Its last run took 12 s.\n');
    expect(paper).toContain(
      '| first octet | 12.3 ms | a \\| bare route: 2 (× 6.17) | **missed**: ≤ 10 ms | 2026-11-29 of c0ffee00, 3, 1.5, 0.4 ms |',
    );
    expect([paper.startsWith('before\n'), paper.endsWith('\nafter'), paper.includes('old')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('name each machine once', () => {
    const benchmarks = [benchmark(), benchmark({ name: 'keys' })];
    const paper = withTable(MARKS.join('\n'), { benchmarks, runs: [run(), run({ benchmark: 'keys' })] });
    expect(paper.match(/Seen on/g)).toHaveLength(1);
  });

  it('tell of what nobody has measured yet', () => {
    const benchmarks = [benchmark({ figuresInFull: ['first octet', 'of a million', 'of two'] })];
    const paper = withTable(MARKS.join('\n'), { benchmarks, runs: [] });
    expect(paper).toContain('Nothing was noted yet.');
    expect(paper).toContain('| first octet | not measured yet |');
    expect(paper).toContain('| 2 more by `npm run bench -- page --full` | not measured yet |');
  });

  it('have a place, or the paper is refused', () => {
    expect(() => withTable('no marks', { benchmarks: [], runs: [] })).toThrow(/must have a line '<!-- figures/);
  });
});

describe('what a run notes', () => {
  const order = ['page', 'keys'];

  it('takes the place of what it has measured anew, and of nothing else', () => {
    const earlier = run({ figures: [figure('first octet'), figure('of a million')] });
    const later = run({ figures: [figure('first octet', 2)] });
    const noted = withRun([earlier], later, order).map(({ figures }) =>
      figures.map(({ name, value }) => [name, value]),
    );
    expect(noted).toEqual([[['of a million', 1]], [['first octet', 2]]]);
  });

  it('of nothing that the table has leaves what was noted as it is', () => {
    expect(withRun([run()], run({ benchmark: 'keys', figures: [] }), order)).toEqual([run()]);
  });

  it('stands in the order of the benchmarks', () => {
    const noted = withRun([run({ benchmark: 'keys' })], run(), order);
    expect(noted.map(({ benchmark: name }) => name)).toEqual(order);
  });

  it('is of figures that a benchmark says, all of it that is noted here', () => {
    const said = new Map(BENCHMARKS.map((one) => [one.name, namesOf(one)]));
    const unsaid = recordedRuns().flatMap(({ benchmark: name, figures }) =>
      figures.filter((one) => !said.get(name)?.includes(one.name)).map((one) => `${name}: ${one.name}`),
    );
    expect(unsaid, 'Measure it again under its new name, and take the old one out of figures.json.').toEqual([]);
  });
});

describe('a benchmark', () => {
  it.each(BENCHMARKS.map((one) => [one.name, one] as const))('%s says what it measures, each figure once', (_, one) => {
    expect(one.about).toMatch(/^[A-Z].*\.$/);
    expect(one.figures.length).toBeGreaterThan(0);
    for (const names of [one.figures, one.figuresInFull ?? []]) expect(new Set(names).size).toBe(names.length);
  });

  it('is chosen by its name, and left out by it', () => {
    expect(chosenBenchmarks([], []).length).toBe(BENCHMARKS.length);
    expect(chosenBenchmarks(['keys', 'page'], ['page']).map(({ name }) => name)).toEqual(['keys']);
    expect(() => chosenBenchmarks(['lookup'], [])).toThrow(/no benchmark lookup\. There are: address, .*look-ups/);
  });

  it('is held to what it says', () => {
    const one = benchmark({ figures: ['a', 'b'], figuresInFull: ['c'] });
    const why = (names: readonly string[], options = {}) =>
      whyNotAsSaid(
        one,
        names.map((name) => figure(name)),
        options,
      );
    expect(why(['a', 'b'])).toBeUndefined();
    expect(why(['a', 'a', 'b'])).toMatch(/measures 'a' twice/);
    expect(why(['a'])).toMatch(/says that it measures 'b'/);
    expect(why(['a', 'b', 'd'])).toMatch(/measures 'd', which/);
    expect(why(['b', 'c'], { full: true })).toBeUndefined();
    expect(why(['a'], { of: 'part' })).toBeUndefined();
    expect(why(['of 17'], { sizes: [17] })).toBeUndefined();
    expect(whyNotAsSaid(one, [figure('a', Number.NaN), figure('b')], {})).toMatch(/can't tell 'a'/);
  });
});
