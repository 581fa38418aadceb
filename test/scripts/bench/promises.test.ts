// What the papers of this repository say of speed and size, against the benchmarks: a figure is named as the benchmark names it that measures it,
// and what it comes to stands in the table alone.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BENCHMARKS } from '../../../scripts/bench/benchmarks.ts';
import { namesOf } from '../../../scripts/bench/figure.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const TABLE = join('scripts', 'bench', 'README.md');
const papers = globSync(['README.md', '{mesh,node,scripts,test}/**/*.md'], { cwd: ROOT }).map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));
const others = papers.filter(({ path }) => dirname(path) !== dirname(TABLE));

/** Words that only what somebody has measured is said with: `p99`, a ratio, microseconds, a share of a core. */
const MEASURED =
  /\bp(?:50|95|99)\b|× ?\d|\d ?µs|\d ?% of (?:a|one) core|\bper second of CPU|\b(?:took|takes?) (?:about )?\d[\d.,]* ?(?:ms|s|seconds|MB)\b/g;

describe('a paper', () => {
  const promised = others.flatMap(({ path, text }) =>
    [...text.matchAll(/\[([^\]]+)\]\(([^)#\s]+)#([^)\s]+)\)/g)]
      .filter(([, , file = '']) => normalize(join(dirname(path), file)) === TABLE)
      .map(([, words = '', , anchor = '']) => ({ path, words, anchor })),
  );

  it('promises figures', () => {
    expect(promised.length).toBeGreaterThan(0);
  });

  it.each(promised)('$path names a figure of $anchor: $words', ({ words, anchor }) => {
    const measured = BENCHMARKS.filter(({ name }) => name === anchor).flatMap(namesOf);
    expect(measured.map((name) => `\`${name}\``)).toContain(words);
  });

  it.each(others)('$path leaves what was measured to the table', ({ text }) => {
    expect(text.match(MEASURED), `Link to the figure's row in ${TABLE}.`).toBeNull();
  });
});
