// The table of the benchmarks' README against what was noted: nobody edits a figure by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTable } from '../../../scripts/bench/figure-table.ts';
import { type RecordedRun, recordedRuns } from '../../../scripts/bench/recorded-figures.ts';

const README = readFileSync(join(import.meta.dirname, '..', '..', '..', 'scripts', 'bench', 'README.md'), 'utf8');
const MARKS = ['<!-- figures: written by npm run figures -->', '<!-- end of figures -->'] as const;

const run = (parts: Partial<RecordedRun> = {}): RecordedRun => ({
  benchmark: 'page',
  at: '2026-11-29T02:00:00.000Z',
  rounds: 3,
  machine: { cpu: 'A processor', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v24', diskSyncMs: 0.4, load: 1.5 },
  figures: [
    {
      ...{ name: 'first octet', value: 12.345, unit: 'ms', target: '≤ 10 ms', kept: false },
      baseline: { name: 'a | bare route', value: 2 },
    },
  ],
  ...parts,
});

describe('the table of figures', () => {
  it('is what npm run figures writes', () => {
    expect(withTable(README, recordedRuns()) === README, 'Run `npm run figures`.').toBe(true);
  });

  it('has each figure with its baseline, what was promised, and the machine', () => {
    const paper = withTable(`before\n${MARKS[0]}\nold\n${MARKS[1]}\nafter`, [run()]);
    expect(paper).toContain('Seen on: 2 cores of A processor, 8 GiB, Linux, Node v24.');
    expect(paper).toContain(
      '| page | first octet | 12.3 ms | a \\| bare route: 2 (× 6.17) | **missed**: ≤ 10 ms | 0.4 ms, 1.5, 3, 2026-11-29 |',
    );
    expect([paper.startsWith('before\n'), paper.endsWith('\nafter'), paper.includes('old')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('names each machine once', () => {
    const paper = withTable(MARKS.join('\n'), [run(), run({ benchmark: 'keys' })]);
    expect(paper.match(/Seen on/g)).toHaveLength(1);
  });

  it('says so when nothing was noted', () => {
    expect(withTable(MARKS.join('\n'), [])).toContain('\n\nNothing was noted yet.\n\n');
  });

  it('has a place, or the paper is refused', () => {
    expect(() => withTable('no marks', [])).toThrow(/must have a line '<!-- figures/);
  });
});
