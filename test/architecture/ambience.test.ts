// What code may not touch: the clock, chance, files, the network and the process are handed in, or only their place knows them.
import { describe, expect, it } from 'vitest';
import { byPath, SOURCES, sourcesIn } from '../support/house-sources.ts';

describe('mesh/ is pure', () => {
  const AMBIENT: readonly (readonly [pattern: RegExp, instead: string])[] = [
    [/\bDate\.now\(|new Date\(\)|performance\.now\(/, 'take a Clock'],
    [/\bMath\.random\(|randomBytes|randomUUID|getRandomValues/, 'take a Random'],
    [/\bset(?:Timeout|Interval|Immediate)\(/, 'take a Clock, or set an alarm (time/alarms.ts)'],
    [/\bconsole\./, 'return what is worth saying; the node logs it'],
    [/\bprocess\./, 'take what you need of the process as a parameter'],
    [/from 'node:(?!crypto')/, 'only computations of node:crypto are pure; take a port for the rest'],
    [/\bfetch\(|from 'undici'/, 'take a PeerTransport'],
  ];
  it.each(byPath(sourcesIn('mesh')))('%s touches no clock, chance, socket, file or console', (path, { text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const found = AMBIENT.flatMap(([pattern, instead]) =>
      pattern.test(code) ? [`${pattern.exec(code)?.[0]}: ${instead}`] : [],
    );
    expect(found, path).toEqual([]);
  });
});

describe('a wait', () => {
  /** What really waits, and a sign of life in a terminal, which bounds nothing. */
  const TIMERS = ['node/system/clock.ts', 'node/system/line-sink.ts', 'node/cli/shell-terminal.ts'];
  it('is one of the injected clock, so that a test sees each time limit', () => {
    const raw = sourcesIn('node').flatMap(({ path, text }) =>
      [...text.matchAll(/(?<!\.)\bset(?:Timeout|Interval)\(|\bAbortSignal\.timeout\(|from 'node:timers'/g)].map(
        ([found]) => `${path}: ${found}`,
      ),
    );
    expect(
      raw.filter((one) => !TIMERS.some((path) => one.startsWith(path))),
      'Take a Clock, and mesh/time/deadline.ts: startDeadline for work, afterMs for what is to end.',
    ).toEqual([]);
  });
});

describe('node/send knows files and the network by ports alone', () => {
  /** What is only computed, or is a type, needs no port. */
  const PURE = ['isIP'];
  it.each(byPath(sourcesIn('node/send')))('%s opens no file and no connection', (path, { text }) => {
    const imports = [
      ...text.matchAll(
        /^import (?!type )([^;]*?) from '(node:fs(?:\/promises)?|node:net|node:tls|node:https?|undici)'/gm,
      ),
    ];
    const touched = imports.flatMap(([, names = '', module]) =>
      names
        .replace(/[{}]/g, '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type ') && !PURE.includes(name))
        .map((name) => `${name} of ${module}`),
    );
    expect(touched, `${path}: take a port; its real side is made in node/system or node/machine.`).toEqual([]);
  });
});

describe('the process', () => {
  it('is touched by the command alone', () => {
    const touching = sourcesIn('node').filter(
      ({ path, text }) =>
        path !== 'node/main.ts' &&
        path !== 'node/command.ts' &&
        /\bprocess\.(?:env|exit|on|once|argv|stdout|stderr)\b/.test(text),
    );
    expect(
      touching.map(({ path }) => path),
      'Take what you need as a parameter, from command.ts.',
    ).toEqual([]);
  });
});

describe('what changes while the program runs', () => {
  /** A thread's own program: what it opens lives as long as the thread. */
  const PROGRAMS = ['node/store/worker.ts'];
  /** What is kept beside an object of a library, by that object: it goes with it, and no other node has the same one. */
  const BESIDE = ['node/mailbox/intake/dotted-lines.ts', 'node/mailbox/intake/local-parts.ts'];
  it('is kept by an object that is handed in, and not by a module', () => {
    const kept = ['mesh', 'node']
      .flatMap(sourcesIn)
      .flatMap(({ path, text }) =>
        [...text.matchAll(/^(?:export )?(?:let .*|const .* = new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\);)$/gm)].map(
          ([line]) => `${path}: ${line}`,
        ),
      );
    expect(
      kept.filter((line) => ![...PROGRAMS, ...BESIDE].some((path) => line.startsWith(path))),
      'Two nodes in one process share a module: make it a field of an object.',
    ).toEqual([]);
  });
});

describe('what an error shows a client', () => {
  it('is read where it is shown, and nowhere else', () => {
    const readers = SOURCES.filter(
      ({ path, text }) =>
        path !== 'node/http/errors.ts' && path !== 'mesh/errors.ts' && /[\w)\]]\??\.extra\b/.test(text),
    );
    expect(
      readers.map(({ path }) => path),
      'Return a value that says what the outcome was: `extra` is for the client, and a flag in it is missed by the types.',
    ).toEqual([]);
  });
});
