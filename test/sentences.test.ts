// What the program says, read from all of its source. To its operator: no sentence may advise what the README forbids. To who calls its
// functions: their docstrings name what they throw.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATUS_OF } from '../node/http/errors.ts';

const ROOT = join(import.meta.dirname, '..');
/** Words that may be texts of the program, a template's variables left out; comments are no texts. */
const TEXT = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const COMMENT = /^\s*(?:\/\/|\/?\*).*$/gm;
/** Told of what may have happened, which is no advice. */
const DIAGNOSIS = /was restored from a backup/g;
/** Where `mesh backup` and `mesh restore` are made and described: their copies hold no votes, and come back as a host that lost its data. */
const OWN_ROOM =
  /^node\/(?:backup\/|cli\/backup-command\.ts|store\/record-copy\.ts|http\/(?:routes\/backup\.ts|openapi\/))/;

const sources = ['mesh', 'node'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ file: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') })),
);
const sentences = sources.flatMap(({ file, text }) =>
  [...text.replace(COMMENT, '').matchAll(TEXT)].map(([sentence]) => ({ file, sentence })),
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

describe('the docstring of an exported function or a public method', () => {
  /** Those that only register routes throw nothing themselves: what their routes answer stands in the document of the API. */
  const OF_ROUTES = /(?:Routes|Pages)$/;

  it('names each code that it throws itself', () => {
    const functions = sources.flatMap(({ file, text }) => functionsIn(text).map((one) => ({ file, ...one })));
    expect(functions.filter(({ codes }) => codes.length > 0).length).toBeGreaterThan(50);
    const silent = functions
      .filter(({ name }) => !OF_ROUTES.test(name))
      .flatMap(({ file, line, name, codes, words }) => {
        const missing = codes.filter((code) => !words.includes(`\`${code}\``));
        return missing.length === 0 ? [] : [`${file}:${line} ${name} throws ${missing.join(', ')}`];
      });
    expect(silent, 'Say when: Throws `code` when …, or Rejects with `code` when ….').toEqual([]);
  });

  it('names no code that there is not', () => {
    const named = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/\b(?:[Tt]hrows|[Rr]ejects with)(?: an?)? `([a-z_]+)`/g)].map(([, code = '']) => ({
        file,
        code,
      })),
    );
    expect(named.length).toBeGreaterThan(200);
    /** The mailbox has codes of its own beside the node's, for who knows those of its model. */
    const ofMailbox = sources.find(({ file }) => file === 'node/mailbox/errors.ts')?.text ?? '';
    const isOne = (file: string, code: string) =>
      code in STATUS_OF || (file.startsWith('node/mailbox/') && ofMailbox.includes(`| '${code}'`));
    expect(named.filter(({ file, code }) => !isOne(file, code))).toEqual([]);
  });

  it('is found with the function and the codes', () => {
    const text = [
      '/** Throws `conflict`. */',
      'export function one(): void {',
      "  throw new MeshError('conflict', 'It is.');",
      '}',
      'export class Some {',
      '  two(): void {',
      "    throw new MeshError(\n      'gone',",
      '    );',
      '  }',
      '  #three(): void {',
      "    throw new MeshError('stopping', '');",
      '  }',
      '}',
    ];
    expect(functionsIn(text.join('\n'))).toEqual([
      { name: 'one', line: 2, codes: ['conflict'], words: '/** Throws `conflict`. */' },
      { name: 'two', line: 6, codes: ['gone'], words: '' },
    ]);
  });
});

interface DocumentedFunction {
  readonly name: string;
  readonly line: number;
  /** Of the errors that are made and thrown in its own text. */
  readonly codes: readonly string[];
  /** The comment right above; '' without one. */
  readonly words: string;
}

/** Exported functions, and methods of exported classes that implement no port (whose methods the port describes), as the formatter writes them. */
function functionsIn(text: string): readonly DocumentedFunction[] {
  const EXPORTED = /^export (?:async )?function\*? (\w+)/;
  const METHOD =
    /^ {2}(?:async |static |get |\*)*(?!if\b|for\b|while\b|switch\b|constructor\b|private\b|async\b)([a-z]\w*)\b.*[{(]$/;
  const rows = text.split('\n');
  let isOpenClass = false;
  return rows.flatMap((row, at) => {
    if (/^(?:export )?(?:abstract )?class /.test(row))
      isOpenClass = row.startsWith('export') && !/\bimplements\b/.test(row);
    else if (row.startsWith('}') || row.startsWith('function')) isOpenClass = false;
    const name = EXPORTED.exec(row)?.[1] ?? (isOpenClass ? METHOD.exec(row)?.[1] : undefined);
    if (name === undefined) return [];
    const depth = row.search(/\S/);
    const end = rows.findIndex(
      (one, below) => below > at && one.search(/\S/) === depth && /^\s*\}/.test(one) && !one.endsWith('{'),
    );
    const body = rows.slice(at, end + 1).join('\n');
    const codes = [...body.matchAll(/(?:throw|reject\()\s*new MeshError\(\s*'(\w+)'/g)].map(([, code]) => String(code));
    const opening = rows[at - 1]?.trimEnd().endsWith('*/')
      ? rows.findLastIndex((one, above) => above < at && one.includes('/**'))
      : at;
    return [{ name, line: at + 1, codes: [...new Set(codes)], words: rows.slice(opening, at).join('\n') }];
  });
}
