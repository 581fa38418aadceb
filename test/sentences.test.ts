// What the program says to its operator, read from all of its source: no sentence may advise what the README forbids.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** Words that may be texts of the program, a template's variables left out; comments are no texts. */
const TEXT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;
/** Told of what may have happened, which is no advice. */
const DIAGNOSIS = /was restored from a backup/g;
/** Where `mesh backup` and `mesh restore` are made and described: their copies hold no votes, and come back as a host that lost its data. */
const OWN_ROOM =
  /^node\/(?:backup\/|cli\/backup-command\.ts|store\/record-copy\.ts|http\/(?:routes\/backup\.ts|openapi\/))/;

const sentences = ['mesh', 'node'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(ROOT, folder, name), 'utf8').replace(COMMENT, '');
      return [...text.matchAll(TEXT)].map(([sentence]) => ({ file: `${folder}/${name}`, sentence }));
    }),
);

it('no sentence advises to go on with an older copy of the data: its votes since would be forgotten', () => {
  expect(sentences.length).toBeGreaterThan(1_000);
  // What has no space in it is a path or a name.
  const others = sentences.filter(({ file, sentence }) => !OWN_ROOM.test(file) && sentence.includes(' '));
  const advice = others.filter(({ sentence }) =>
    /backup|back-up|\brestore (?:the|it|them|your|from)\b/i.test(sentence.replace(DIAGNOSIS, '')),
  );
  expect(advice).toEqual([]);
});

it('every sentence about damage says what to do about it', () => {
  const damage = sentences.filter(({ sentence }) => /(?:store|data directory) (?:is|was) damaged/.test(sentence));
  expect(damage.length).toBeGreaterThan(1);
  expect(damage.filter(({ sentence }) => !/start with an empty one|DAMAGE_REMEDY/.test(sentence))).toEqual([]);
});

it('every command that a sentence names is one of a clone: it is said as it was called, where it was called', () => {
  const commands = readdirSync(join(ROOT, 'node'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:cli|setup|doctor|backup)\/[\w-]+\.ts$/.test(name))
    .map((name) => readFileSync(join(ROOT, 'node', name), 'utf8'))
    .flatMap((text) => [...text.matchAll(/\.(?:command|add|group)\(\s*'([a-z-]+)/g)].map(([, name]) => name));
  expect(commands).toEqual(expect.arrayContaining(['init', 'status', 'hosts', 'keys', 'doctor', 'restore']));
  const bare = new RegExp(`(?<!npx )(?<![\\w/-])mesh (?:${['start', ...commands].join('|')})\\b(?!-)`);
  const named = sentences.filter(({ sentence }) => bare.test(sentence) && sentence !== "'mesh start'");
  expect(named, 'Write `npx mesh …`.').toEqual([]);
});
