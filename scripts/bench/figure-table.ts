// Figures as people read them: columns for a terminal, a table of Markdown for the README.
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

/** The paper with the table of those runs between its marks. Throws when it has no marks. */
export function withTable(paper: string, runs: readonly RecordedRun[]): string {
  const [from, to] = [paper.indexOf(BEGIN), paper.indexOf(END)];
  if (from === -1 || to < from) throw new Error(`The README must have a line '${BEGIN}', and '${END}' after it.`);
  return `${paper.slice(0, from + BEGIN.length)}\n\n${markdownTable(runs)}\n\n${paper.slice(to)}`;
}

function markdownTable(runs: readonly RecordedRun[]): string {
  if (runs.length === 0) return 'Nothing was noted yet.';
  const machines = [...new Set(runs.map(({ machine }) => described(machine)))];
  const rows = runs.flatMap((run) => run.figures.map((figure) => row(run, figure)));
  return [
    ...machines.map((machine) => `Seen on: ${machine}.`),
    '',
    '| benchmark | figure | seen | beside, in the same run | promised | disk sync, load, rounds, day |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function row({ benchmark, at, rounds, machine }: RecordedRun, figure: RecordedFigure): string {
  const { name, value, unit, baseline, target, kept } = figure;
  const beside =
    baseline === undefined ? '' : `${baseline.name}: ${round(baseline.value)} (× ${round(value / baseline.value)})`;
  const promised = target === undefined ? '' : kept === true ? target : `**missed**: ${target}`;
  const seen = [`${machine.diskSyncMs} ms`, machine.load, rounds, at.slice(0, 10)].join(', ');
  const cells = [benchmark, name, `${round(value)} ${unit}`, beside, promised, seen];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** What differs from one run to the next, load and disk, stands at each. */
function described({ cpu, cores, memoryGiB, system, node }: Machine): string {
  return `${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}, Node ${node}`;
}

/** Three significant digits, thousands apart. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
