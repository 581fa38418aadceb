// The papers of this repository, held against it: every link leads somewhere, every command and setting that is printed exists, and
// the layout shows the folders that there are.
// Longer than 300 lines: each check holds one kind of line of the same papers against the code.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addClientCommands } from '../node/cli/client-commands.ts';
import type { Terminal } from '../node/cli/command-line.ts';
import { PLAIN } from '../node/cli/report.ts';
import { SETTINGS, variableOf } from '../node/settings.ts';
import { systemClock } from '../node/system/clock.ts';
import { CI_RUNS } from '../scripts/search.ts';
import { CHANNEL_MUTANTS } from './support/channel-mutants.ts';
import { CLAIM_MUTANTS } from './support/claim-mutants.ts';
import { COLLECTING_MUTANTS } from './support/collecting-mutants.ts';
import { FEED_MUTANTS } from './support/feed-mutants.ts';
import { FORGETTING_MUTANTS } from './support/forgetting-mutants.ts';
import { PEER_MUTANTS } from './support/peer-mutants.ts';
import { STORE_MUTANTS } from './support/store-mutants.ts';

const ROOT = join(import.meta.dirname, '..');
const ROOT_LINES_MAX = 200;
const SOURCE_ROOTS = ['mesh', 'node', 'scripts', 'test'];
/** Of the commands other than `start`, and of programs that are not this one. */
const OTHER_VARIABLES = ['MESH_URL', 'MESH_AGENT', 'MESH_JOIN_TOKEN', 'MESH_INBOX', 'MESH_INBOX_KEY'];

interface Paper {
  /** From the root, as `mesh/signature/README.md`. */
  readonly path: string;
  readonly text: string;
}

const filesBelow = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
const files = SOURCE_ROOTS.flatMap(filesBelow);
const papers: readonly Paper[] = ['README.md', ...files.filter((path) => path.endsWith('.md'))].map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));
const sources = files
  .filter((path) => /\.(?:ts|js)$/.test(path) && path !== relative(ROOT, import.meta.filename))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const rootPaper = paper('README.md');

function paper(path: string): string {
  return papers.find((one) => one.path === path)?.text ?? '';
}

/** Without blocks of code, whose brackets and hashes are something else. */
const prose = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '');

/** Blocks of code by their language. */
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => String(code));

const headings = (text: string) => [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => String(heading));

/** The anchor that a heading has on the web: lower case, spaces as hyphens, no punctuation. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Nobody is asked for a help text. */
const NOWHERE: Terminal = {
  ...{ url: '', token: undefined, clock: systemClock, stop: new AbortController().signal, paint: PLAIN },
  wait: () => () => undefined,
  ...{ print: () => undefined, printJson: () => undefined, complain: () => undefined, end: () => undefined },
};

/** What a paper prints as code: words between single backticks, and the lines of shell blocks without their comments. */
const printed = ({ text }: Paper): readonly string[] => [
  ...[...prose(text).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, code]) => String(code)),
  ...shellLines(text),
];

const shellLines = (text: string) =>
  blocks(text, 'sh').flatMap((code) =>
    code
      .replace(/\\\n\s*/g, ' ')
      .split('\n')
      .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim()),
  );

describe('a link of a paper', () => {
  const links = papers.flatMap(({ path, text }) =>
    [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => String(target))
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => [path, target] as const),
  );

  it('is found', () => {
    expect(links.length).toBeGreaterThan(10);
  });

  it.each(links)('of %s leads somewhere: %s', (path, target) => {
    const [file = '', anchor] = target.split('#');
    const place = file === '' ? path : normalize(join(dirname(path), file));
    expect(existsSync(join(ROOT, place)), `${place} does not exist.`).toBe(true);
    if (anchor !== undefined) expect(headings(paper(place)).map(anchorOf)).toContain(anchor);
  });

  it('leads to every paper, or to its folder', () => {
    const known = links.map(([path, target]) => normalize(join(dirname(path), target.split('#')[0] ?? '')));
    const lost = papers
      .map(({ path }) => path)
      .filter((path) => ![path, dirname(path)].some((one) => known.includes(one)));
    expect(
      lost,
      'Name it in the table of the root\'s "Where everything is", or in the paper of the folder above.',
    ).toEqual([]);
  });
});

describe('a command that a paper prints', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const mesh = (...words: string[]) =>
    execFileSync(process.execPath, [join(ROOT, 'node', 'mesh.js'), ...words, '--help'], { encoding: 'utf8' });
  const commands = [...mesh().matchAll(/^ {2}([a-z-]+) (?=[[<]|\s{2})/gm)].map(([, name]) => String(name));
  const helps = new Map(commands.map((name) => [name, name === 'help' ? '' : mesh(name)]));
  const levels = new Command('mesh');
  addClientCommands(levels, NOWHERE);
  const addHelps = (level: Command, path: string) => {
    for (const one of level.commands) {
      const name = `${path}${one.name()}`;
      if (path !== '') helps.set(name, one.helpInformation());
      addHelps(one, `${name} `);
    }
  };
  addHelps(levels, '');
  const isLevel = (name: string) => [...helps.keys()].some((one) => one.startsWith(`${name} `));
  /** The command that the words name, of whatever level. */
  const named = (words: readonly string[]) => {
    let name = '';
    for (const word of words) if (name === '' || isLevel(name)) name = `${name} ${word}`.trim();
    return name;
  };
  const flagsIn = (text: string) => [...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, flag]) => String(flag));
  const isFlagOf = (help: string, flag: string) => new RegExp(`--${flag}(?![\\w-])`).test(help);
  const all = papers.flatMap((one) => printed(one).map((text) => ({ path: one.path, text })));

  it('is found', () => {
    expect(commands).toEqual(expect.arrayContaining(['start', 'status', 'evict']));
    expect(all.filter(({ text }) => /^npx mesh [a-z]/.test(text)).length).toBeGreaterThan(3);
  });

  it('is a script of package.json, when npm runs it', () => {
    const named = all.flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm (?:run (?:-s )?)?(?!run\b|install\b|ci\b|pack\b)([a-z]+)/g)].map(([, name]) => ({
        path,
        name,
      })),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ name = '' }) => scripts[name] === undefined)).toEqual([]);
  });

  it('is a command of `mesh`, with flags that it has', () => {
    const wrong = all.flatMap(({ path, text }) => {
      const call = /(?:npx mesh|node\/mesh\.js|npm run mesh --) ([a-z-]+)(.*)/.exec(text);
      if (call === null) return [];
      const [, first = '', rest = ''] = call;
      const help = helps.get(named([first, ...(rest.match(/[a-z]+/g) ?? [])]));
      return help !== undefined && flagsIn(rest).every((flag) => isFlagOf(help, flag)) ? [] : [{ path, text }];
    });
    expect(wrong).toEqual([]);
  });

  it('has flags that the script knows', () => {
    const wrong = all.flatMap(({ path, text }) => {
      const call = /\bnpm (?:run )?(start|sim|mutants|soak|bench)\b.*? -- (.*)/.exec(text);
      if (call === null) return [];
      const [, script = '', rest = ''] = call;
      const main = /scripts\/\S+/.exec(scripts[script] ?? '')?.[0];
      const knows = (flag: string) =>
        main === undefined
          ? isFlagOf(helps.get('start') ?? '', flag)
          : new RegExp(`\\b${flag}: \\{`).test(readFileSync(join(ROOT, main), 'utf8'));
      return flagsIn(rest).every((flag) => flag === 'help' || knows(flag)) ? [] : [{ path, text }];
    });
    expect(wrong).toEqual([]);
  });

  it('has a flag that some command has, when the flag stands alone', () => {
    const every = [...helps.values()].join('\n');
    const alone = all.filter(({ text }) => /^--[a-z]/.test(text));
    expect(alone.length).toBeGreaterThan(5);
    expect(alone.filter(({ text }) => !flagsIn(text).every((flag) => isFlagOf(every, flag)))).toEqual([]);
  });

  it('names no file that is not there', () => {
    const named = all.filter(({ text }) => /^(?:mesh|node|scripts|test|\.ci)\/[\w./-]+$/.test(text));
    expect(named.filter(({ text }) => !existsSync(join(ROOT, text)))).toEqual([]);
  });
});

describe('a setting', () => {
  const table = paper('node/README.md');

  it.each(SETTINGS.map((setting) => [variableOf(setting), setting] as const))(
    '%s has its row in node/README.md, with its flag and its default',
    (variable, { name, takes, secret, default: byDefault }) => {
      const row = table.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${variable}\``)) ?? '';
      expect(row).not.toBe('');
      if (!secret) expect(row).toContain(`\`--${name}${takes === undefined ? '' : ` ${takes}`}\``);
      if (byDefault !== undefined) expect(row).toContain(`\`${byDefault}\``);
    },
  );

  it('that a paper names is one', () => {
    const known = [...SETTINGS.map(variableOf), ...OTHER_VARIABLES];
    const named = papers.flatMap(({ path, text }) =>
      [...text.matchAll(/\bMESH_[A-Z_]+/g)].map(([name]) => ({ path, name })),
    );
    expect(named.filter(({ name }) => !known.includes(name))).toEqual([]);
  });
});

describe("the root's README", () => {
  it(`has no more than ${ROOT_LINES_MAX} lines`, () => {
    expect(rootPaper.trimEnd().split('\n').length).toBeLessThanOrEqual(ROOT_LINES_MAX);
  });

  it('begins with what a person types first', () => {
    expect(shellLines(rootPaper)).toEqual(
      expect.arrayContaining(['npm install && npm start', 'npm install && npm test']),
    );
  });

  it('shows every folder in its layout, and only files that exist', () => {
    const layout = /^## The layout\n[\s\S]*?^```\n([\s\S]*?)^```$/m.exec(rootPaper)?.[1] ?? '';
    const shown = pathsOf(layout);
    const folders = [...new Set(files.map(dirname))].filter((path) => !/^test\/./.test(path));
    expect(folders.filter((path) => !shown.includes(path))).toEqual([]);
    const lost = shown.filter((path) => ![path, `${path}.ts`].some((one) => existsSync(join(ROOT, one))));
    expect(lost).toEqual([]);
  });
});

describe('the table of rooms', () => {
  it.each(['mesh', 'node'])('of %s/README.md has a row for each folder, and no other row', (root) => {
    const rows = roomsIn(paper(`${root}/README.md`));
    const folders = [...new Set(files.map(dirname))]
      .filter((path) => dirname(path) === root)
      .map((path) => relative(root, path));
    expect([...rows.keys()].sort()).toEqual(folders.sort());
  });

  it.each(['mesh', 'node'])('of %s/README.md names each folder within a room', (root) => {
    const rows = roomsIn(paper(`${root}/README.md`));
    const inner = [...new Set(files.map(dirname))].filter((path) => dirname(dirname(path)) === root);
    const lost = inner.filter((path) => {
      const [room = '', folder = ''] = relative(root, path).split('/');
      return !rows.get(room)?.includes(`\`${folder}/\``);
    });
    expect(lost).toEqual([]);
  });
});

/** The rows under "Rooms", by the folder in their first cell. */
function roomsIn(text: string): ReadonlyMap<string, string> {
  const table = /^## Rooms\n([\s\S]*?)^## /m.exec(text)?.[1] ?? '';
  return new Map(
    [...table.matchAll(/^\| \[?`?([a-z]+)\/[`\]].*$/gm)].map(([row, folder]) => [String(folder), row] as const),
  );
}

describe('a number that the papers say', () => {
  const mutants = [
    CLAIM_MUTANTS,
    COLLECTING_MUTANTS,
    FORGETTING_MUTANTS,
    PEER_MUTANTS,
    FEED_MUTANTS,
    CHANNEL_MUTANTS,
    STORE_MUTANTS,
  ].flat().length;
  const runs = Object.values(CI_RUNS).reduce((all, some) => all + some);

  it.each([
    ['test/README.md', `${runs.toLocaleString('en')} simulated meshes`],
    ['test/README.md', `${mutants} broken rules`],
    ['scripts/bench/README.md', `(\`npm run mutants\`) | ${mutants} of ${mutants} |`],
  ])('in %s: %s', (path, words) => {
    expect(paper(path)).toContain(words);
  });

  it('of rooms with bounds of their own is right in mesh/limits.ts', () => {
    const opening = readFileSync(join(ROOT, 'mesh', 'limits.ts'), 'utf8').split('\n\n')[0] ?? '';
    const own = files
      .filter((path) => /^mesh\/\w+\/limits\.ts$/.test(path))
      .map((path) => `${relative('mesh', dirname(path))}/`);
    expect([...opening.matchAll(/\b[a-z]+\//g)].map(([room]) => room)).toEqual(expect.arrayContaining(own));
  });
});

describe('the code', () => {
  it('cites sections that the papers have', () => {
    const cited = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/([\w./-]*README)(?:\.md)?(?:\)|,)?,? (?:under )?"([^"\n]+)"/g)].map(
        ([, file = '', heading = '']) => ({
          path,
          file,
          heading,
        }),
      ),
    );
    expect(cited.length).toBeGreaterThan(1);
    const lost = cited.filter(({ path, file, heading }) => {
      const places = [`${file}.md`, join(dirname(path), `${file}.md`)].map(normalize);
      return !places.some((place) => headings(paper(place)).includes(heading));
    });
    expect(lost, 'A comment says: README.md, "Heading"; from the root, or from its own folder.').toEqual([]);
  });

  it('cites no paper that lies outside this repository', () => {
    const OUTSIDE =
      /\byardstick|\bthe seed(?:'s|:| \w+ is\b|,|;)|\b(?:claims|send|http-api|webhooks|feeds|mailbox) design\b|\bdesign, step/i;
    /** Here a seed is the number that a random run begins with. */
    const CHANCE = /^(?:scripts\/(?:search|sim|soak)|test\/support\/|test\/cluster\/)/;
    const lines = sources
      .flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, line: line.trim() })))
      .filter(({ path, line }) => OUTSIDE.test(CHANCE.test(path) ? line.replace(/the seeds?/g, '') : line));
    expect(lines).toEqual([]);
  });
});

/** `node/` above an indented `http/` is the folder node/http, and `routes/` in the words beside that one is node/http/routes. */
function pathsOf(layout: string): readonly string[] {
  const above: string[] = [];
  return layout.split('\n').flatMap((line) => {
    const [, indent = '', names = '', words = ''] = /^( *)(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    const depth = indent.length / 2;
    const named = names.split(', ').filter((name) => name !== '');
    above[depth] = named.at(-1) ?? '';
    const inside = [...words.matchAll(/(?<![\w/])((?:[a-z]+\/)+)(?!\w)/g)].map(([, name]) => String(name));
    return [...named.map((name) => [name]), ...inside.map((name) => [above[depth] ?? '', name])].map((tail) =>
      join(...above.slice(0, depth), ...tail).replace(/\/$/, ''),
    );
  });
}
