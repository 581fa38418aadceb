// Figures as people read them: columns for a terminal, a table of Markdown for each benchmark in the README.
import { type Benchmark, namesOf } from './figure.ts';
import type { Machine } from './machine.ts';
import type { RecordedFigure, RecordedRun } from './recorded-figures.ts';

/** What the README has around the table; what stands between is written by `npm run figures`. */
const BEGIN = '<!-- figures: written by npm run figures -->';
const END = '<!-- end of figures -->';

export function terminalTable(figures: readonly RecordedFigure[]): readonly string[] {
  const rows = figures.map(({ name, value, unit, baseline, target, kept }) => [
    name,
    `${round(value)} ${unit}`,
    baseline === undefined ? '' : `${baseline.name}: ${round(baseline.value)}`,
    baseline === undefined ? '' : `× ${round(value / baseline.value)}`,
    target === undefined ? '' : `${target} ${kept === true ? 'kept' : 'MISSED'}`,
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const NOT_MEASURED = ['not measured yet', '', '', ''];

/** What is measured, and what was seen of it. */
export interface Seen {
  readonly benchmarks: readonly Pick<Benchmark, 'name' | 'about' | 'figures' | 'figuresInFull'>[];
  readonly runs: readonly RecordedRun[];
}

/** The paper with the tables of that between its marks. Throws when it has no marks. */
export function withTable(paper: string, seen: Seen): string {
  const [from, to] = [paper.indexOf(BEGIN), paper.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`The README must have a line '${BEGIN}', and '${END}' after it.`);
  return `${paper.slice(0, from + BEGIN.length)}\n\n${markdown(seen)}\n\n${paper.slice(to)}`;
}

function markdown({ benchmarks, runs }: Seen): string {
  const machines = [...new Set(runs.map(({ machine }) => described(machine)))];
  const seenOn = machines.length === 0 ? ['Nothing was noted yet.'] : machines.map((machine) => `Seen on: ${machine}.`);
  const tables = benchmarks.map((benchmark) => tableOf(benchmark, runs));
  return [seenOn.join('\n'), ...tables].join('\n\n');
}

/** A figure that nobody has measured yet is told of, so that none is promised and forgotten; those of full runs in one row. */
function tableOf(benchmark: Seen['benchmarks'][number], runs: readonly RecordedRun[]): string {
  const own = runs.filter((run) => run.benchmark === benchmark.name);
  const seen = namesOf(benchmark).flatMap((name) => {
    const run = own.findLast(({ figures }) => figures.some((figure) => figure.name === name));
    const figure = run?.figures.find((one) => one.name === name);
    if (run !== undefined && figure !== undefined) return [cellsOf(run, figure)];
    return benchmark.figures.includes(name) ? [[name, ...NOT_MEASURED]] : [];
  });
  const unseen = namesOf(benchmark).length - seen.length;
  const rows =
    unseen === 0
      ? seen
      : [...seen, [`${unseen} more by \`npm run bench -- ${benchmark.name} --full\``, ...NOT_MEASURED]];
  const took = own.findLast(({ tookSeconds }) => tookSeconds !== undefined)?.tookSeconds;
  return [
    `### ${benchmark.name}`,
    '',
    benchmark.about + (took === undefined ? '' : ` Its last run took ${took} s.`),
    '',
    '| figure | seen | beside, in the same run | promised | when, by how many rounds, at what load and disk sync |',
    '|---|---|---|---|---|',
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
  ].join('\n');
}

function cellsOf({ at, commit, rounds, machine }: RecordedRun, figure: RecordedFigure): readonly string[] {
  const { name, value, unit, baseline, target, kept } = figure;
  const beside =
    baseline === undefined ? '' : `${baseline.name}: ${round(baseline.value)} (× ${round(value / baseline.value)})`;
  const promised = target === undefined ? '' : kept === true ? target : `**missed**: ${target}`;
  const seen = `${at.slice(0, 10)}${commit === undefined ? '' : ` of ${commit}`}, ${rounds}, ${machine.load}, ${machine.diskSyncMs} ms`;
  return [name, `${round(value)} ${unit}`.trim(), beside, promised, seen];
}

/** What differs from one run to the next, load and disk, stands at each. */
function described({ cpu, cores, memoryGiB, system, node }: Machine): string {
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node}`;
}

/** Three significant digits, thousands apart. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
