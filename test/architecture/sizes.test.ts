// How long a file and a function may be.
import { describe, expect, it } from 'vitest';
import { byPath, SOURCES, TESTS } from '../support/house-sources.ts';

const LINES_MAX = 300;
const FUNCTION_LINES_MAX = 50;
/** In the opening comment of a file that is longer, before the reason. */
const LONGER = `Longer than ${LINES_MAX} lines`;

describe('a file', () => {
  const lengthOf = (text: string) => text.trimEnd().split('\n').length;
  const openingOf = (text: string) => /^(?:\/\/.*\n)*/.exec(text)?.[0] ?? '';

  it.each(byPath([...SOURCES, ...TESTS].filter(({ text }) => lengthOf(text) > LINES_MAX)))(
    '%s says at its top why it is longer than a file may be',
    (path, { text }) => {
      expect(
        openingOf(text),
        `${path} has ${lengthOf(text)} lines, and is probably two things: split it by mechanism, or say "${LONGER}: …" in its opening comment.`,
      ).toContain(LONGER);
    },
  );
});

describe('a function', () => {
  it('fits a screen', () => {
    // Not those of suites: what they describe is read case by case.
    const helpers = TESTS.filter(({ path }) => path.startsWith('test/support/'));
    const long = [...SOURCES, ...helpers].flatMap(({ path, text }) =>
      functionsIn(text)
        .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
        .map(({ line, lines }) => `${path}:${line} has ${lines} lines`),
    );
    expect(long, 'Keep the branches, and move straight work into functions of its own.').toEqual([]);
  });

  it('is seen with its head, its body and what it closes with', () => {
    const text = [
      'export async function long(',
      '  one: string,',
      '): Promise<void> {',
      '  if (one) {',
      '    go();',
      '  }',
      '  const inner = () => {',
      '    go();',
      '  };',
      '}',
    ];
    expect(functionsIn(text.join('\n'))).toEqual([
      { line: 1, lines: 10 },
      { line: 7, lines: 3 },
    ]);
  });
});

/** Functions, methods and callbacks with a body of their own, as the formatter writes them. */
function functionsIn(text: string): { readonly line: number; readonly lines: number }[] {
  const rows = text.split('\n');
  const depthOf = (row = '') => row.search(/\S/);
  return rows.flatMap((row, index) => {
    const opens =
      /(?:\)|\)(?:: [^=]+)|=>) \{$/.test(row) && !/^\s*(?:\} )?(?:if|else|for|while|switch|catch)\b/.test(row);
    if (!opens) return [];
    const depth = depthOf(row);
    let head = index;
    // The closing bracket of a head that takes several lines stands where that head began.
    if (row.trimStart().startsWith(')'))
      do head -= 1;
      while (depthOf(rows[head]) !== depth);
    const end = rows.findIndex((other, at) => at > index && depthOf(other) === depth);
    return [{ line: head + 1, lines: end - head + 1 }];
  });
}
