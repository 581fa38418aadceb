// How files are named, how they begin, and what a docstring begins with.
import { describe, expect, it } from 'vitest';
import { byPath, SOURCES, sourcesIn } from '../support/house-sources.ts';

describe('a file', () => {
  it('is named for what it is', () => {
    const vague = SOURCES.filter(({ path }) =>
      /(?:^|\/)(?:utils?|helpers?|common|misc|index|types)(?:\/|\.ts$)/.test(path),
    );
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  it('is named by a noun, not for what it is doing', () => {
    const NOUNS = ['greeting'];
    const doing = SOURCES.filter(({ path }) => {
      const [, word = ''] = /([a-z]+ing)\.ts$/.exec(path) ?? [];
      return word !== '' && !NOUNS.includes(word);
    });
    expect(
      doing.map(({ path }) => path),
      'Name the file for what is in it: `vote-count.ts`, not `counting.ts`.',
    ).toEqual([]);
  });
});

describe('a file of mesh/', () => {
  it.each(byPath(sourcesIn('mesh')))('%s opens with what it is and does not promise', (_, { text }) => {
    const opening = text.split('\n').findIndex((line) => !line.startsWith('//'));
    expect(
      opening,
      'Open the file with 1 to 8 lines of comment: which mechanism, why, what it does not promise.',
    ).toBeGreaterThanOrEqual(1);
    expect(opening).toBeLessThanOrEqual(8);
  });
});

describe('a docstring', () => {
  it('names what it is about', () => {
    const decoded = SOURCES.flatMap(({ path, text }) =>
      [
        ...text.matchAll(
          /\/\*\*\s+(?:\* )?(The same|Its?|They|Their|Those (?!of|who)|These|That|This and|As|Whose|Of|All (?:of (?:it|them)|is)|Both|Also|Up to here|Under which|Until when)\b.*/g,
        ),
      ].map(({ 0: words, index }) => `${path}:${text.slice(0, index).split('\n').length} ${words}`),
    );
    expect(
      decoded,
      'Begin with a noun, or a verb of which this is the subject: a reader sees these words alone.',
    ).toEqual([]);
  });
});
