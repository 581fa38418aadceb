// Every kind of record that the program writes has a row in the store's README: what bounds it, and when it ends.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SECRETS } from '../../../node/backup/contents.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const PAPER = 'node/store/README.md';
/** Keys in somebody else's store. */
const ELSEWHERE = 'node/engines/';

interface Source {
  readonly path: string;
  readonly text: string;
}

const sources: readonly Source[] = ['mesh', 'node'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !`${folder}/${name}`.startsWith(ELSEWHERE))
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') })),
);

/** `const NAME = 'text'` at the top of a file, by the name. */
function constantsIn({ text }: Source): ReadonlyMap<string, string> {
  const found = text.matchAll(/^(?:export )?const (\w+)(?:: \w+)? = '([^']*)';$/gm);
  return new Map([...found].map(([, name, value]) => [String(name), String(value)]));
}

/**
 * The kinds of records that a file may write: constants that end in a slash, what stands in a key behind such a constant, and whatever a write
 * names as its whole key. `all`: constants of other files, too.
 */
function kindsIn(source: Source, all: ReadonlyMap<string, string>): ReadonlySet<string> {
  const own = constantsIn(source);
  const { text } = source;
  const imported = new Set(
    [...text.matchAll(/^import \{([^}]*)\}/gm)].flatMap(([, names]) => names?.split(/[\s,]+/) ?? []),
  );
  const textOf = (name = '') => own.get(name) ?? (imported.has(name) ? all.get(name) : undefined) ?? '';
  const prefixes = [...own.values()].filter((value) => /^[a-z][a-z-]*\/(?:[a-z-]+\/)*$/.test(value));
  const deeper = [...text.matchAll(/`\$\{(\w+)\}((?:[a-z-]+\/)+)\$/g)].map(([, name, rest]) => textOf(name) + rest);
  const named = [...text.matchAll(/\bkey: ([A-Z][A-Z_]*), value/g)].map(([, name]) => textOf(name));
  const written = [...text.matchAll(/\bkey: ['`]([a-z][a-z/-]*)[^,]*, value/g)].map(([, key]) => String(key));
  const isParent = (prefix: string) => deeper.some((kind) => kind.startsWith(prefix));
  const values = [...own.values()].filter((value) => /^claim\/[a-z-]+$/.test(value));
  return new Set([...prefixes.filter((prefix) => !isParent(prefix)), ...deeper, ...named, ...written, ...values]);
}

const everywhere = new Map(sources.flatMap((source) => [...constantsIn(source)]));
/** All records of the claims begin so; each has a name of its own. */
const PARENTS: ReadonlySet<string> = new Set(['claim/', '']);
const kinds = new Set(
  sources.flatMap((source) => [...kindsIn(source, everywhere)]).filter((kind) => !PARENTS.has(kind)),
);

/** The cells of each row, by the record in the first. */
const rows = new Map(
  readFileSync(join(ROOT, PAPER), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const cells = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim());
      const record = /^`([a-z][a-z/-]*)`/.exec(cells[0] ?? '')?.[1];
      return line.startsWith('| `') && record !== undefined ? [[record, cells] as const] : [];
    }),
);

describe('the records of a node', () => {
  it.each([...kinds].sort().map((kind) => [kind]))('%s has a row that says when it ends', (kind) => {
    expect(
      [...rows.keys()],
      `The program writes records '${kind}'. Say in ${PAPER} what bounds them and when they end, and test it.`,
    ).toContain(kind);
  });

  it.each([...rows])('%s is written, and its row is whole', (record, cells) => {
    expect([...kinds]).toContain(record);
    expect(cells.length).toBe(6);
    expect(cells.every((cell) => cell !== '')).toBe(true);
    expect(cells[5]).toMatch(/\.test\.ts\)/);
  });

  it('are left out of a backup without keys where their row says that they are secret, and no others', () => {
    const said = [...rows].map(([record, cells]) => [record, cells[2] ?? ''] as const);
    const isWhole = (cell: string) => cell === 'all of it';
    const members = said.filter(([, cell]) => cell !== 'no' && !isWhole(cell));
    expect(
      [...SECRETS.without].sort(),
      `Say of each record in ${PAPER} whether it is secret, as node/backup/contents.ts does.`,
    ).toEqual(said.flatMap(([record, cell]) => (isWhole(cell) ? [record] : [])).sort());
    expect(SECRETS.withoutMembers.map(({ prefix, members: those }) => [prefix, those])).toEqual(
      members.map(([record, cell]) => [record, [...cell.matchAll(/`(\w+)`/g)].map(([, member]) => member)]),
    );
  });

  it.each([
    ['a constant', "const PREFIX = 'new-kind/';", 'new-kind/'],
    ['a name behind a constant', `const PREFIX = 'some/';\nconst key = \`$\{PREFIX}new/$\{id}\`;`, 'some/new/'],
    ['a constant that is the whole key', "const KEY = 'new';\ncommit([{ key: KEY, value }]);", 'new'],
    ['a text in a write', "commit([{ key: 'new', value }]);", 'new'],
    ['a beginning in a write', 'commit([{ key: `new/$' + '{id}`, value }]);', 'new/'],
  ])('are found in a source that writes another one: %s', (_, text, kind) => {
    expect([...kindsIn({ path: 'node/new.ts', text }, everywhere)]).toContain(kind);
  });
});
