// The house's own rules, held against the code: which room may know which. What code may touch, how long a file may be and how things are named
// is held in architecture/ (ambience.test.ts, sizes.test.ts, words.test.ts).
import { describe, expect, it } from 'vitest';
import { ARROWS, MACHINE } from './arrows/arrows.ts';
import { byPath, importsOf, SOURCES, sourcesIn } from './support/house-sources.ts';

describe('the arrows between the rooms', () => {
  it.each(byPath(SOURCES))('%s imports only what its room may know', (path, source) => {
    const own = ARROWS.find(([room]) => path.startsWith(room))?.[1] ?? [];
    const may = path.startsWith('node/') ? [...own, MACHINE] : own;
    const strangers = importsOf(source).filter((target) => !may.some((allowed) => target.startsWith(allowed)));
    expect(
      strangers,
      `${path} may import from ${may.join(', ')}. Hand the rest in as a parameter, or move the code to the room that knows it.`,
    ).toEqual([]);
  });
});

describe('what imports what', () => {
  it('goes in no circle, types included', () => {
    const imports = new Map(['mesh', 'node'].flatMap(sourcesIn).map((source) => [source.path, importsOf(source)]));
    expect(
      circleIn(imports),
      'Move what both need into a file below them, or hand it in as a parameter. Types are imports too: they say what a file must know.',
    ).toEqual([]);
  });

  it('is seen to go in a circle when it does', () => {
    const imports = { a: ['b'], b: ['c', 'd'], c: [], d: ['e', 'b'], e: [] };
    expect(circleIn(new Map(Object.entries(imports)))).toEqual(['b', 'd', 'b']);
  });
});

/** The first circle that is found, from a file back to it; empty when there is none. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): readonly string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of imports.get(path) ?? []) {
      const circle = walk(next, [...way, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of imports.keys()) {
    const circle = walk(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

describe('a limits.ts', () => {
  it('keeps what several files go by, and nothing that one file could keep itself', () => {
    const imports = SOURCES.map((source) => [source, importsOf(source)] as const);
    const owned = SOURCES.filter(({ path }) => path.endsWith('/limits.ts')).flatMap(({ path, text }) =>
      [...text.matchAll(/^export const (\w+)/gm)].flatMap(([, name = '']) => {
        const users = imports.filter(
          ([source, targets]) => targets.includes(path) && new RegExp(`\\b${name}\\b`).test(source.text),
        );
        return users.length > 1 ? [] : [`${name} of ${path}: ${users.map(([source]) => source.path).join()}`];
      }),
    );
    expect(owned, 'Put the number into the file that goes by it: whoever wants to change it looks there.').toEqual([]);
  });
});
