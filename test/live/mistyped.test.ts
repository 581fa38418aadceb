// What a person meets who makes a slip of the pen, in a shell.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../node/store/disk-store.ts';
import { pathsIn } from '../../node/store/paths.ts';
import { MAIN } from '../../scripts/host-process.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { makeDataDirectory } from '../support/store-directory.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

function typed(...words: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-mistyped-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    cwd: directory,
    env: { ...process.env, npm_lifecycle_event: 'npx' },
    encoding: 'utf8',
  });
  return [status, stdout, stderr];
}

describe('a mistyped command line', () => {
  it.each<readonly [words: readonly string[], said: string]>([
    [['statsu'], "mesh: there is no command 'statsu'; did you mean 'status'?\n"],
    [['statsu', '--url', 'http://127.0.0.1:1'], "mesh: there is no command 'statsu'; did you mean 'status'?\n"],
    [['frobnicate'], "mesh: there is no command 'frobnicate'; npx mesh --help lists them\n"],
    [['stat\x1b[2J'], "mesh: there is no command 'stat\\u001b[2J'; npx mesh --help lists them\n"],
    [['--dat', 'x'], "mesh: unknown option '--dat'; did you mean '--data'?\n"],
    [['status', '--ulr', 'x'], "mesh: unknown option '--ulr'; did you mean '--url'?\n"],
    [['start', 'x'], "mesh: too many arguments for 'start'. Expected 0 arguments but got 1: x.\n"],
  ])('%j is answered as one', (words, said) => expect(typed(...words)).toEqual([1, '', said]), LIVE_MS_MAX);
});

describe('a host that is set up under a name that is none', () => {
  it.each([['init'], ['join-mesh', 'http://127.0.0.1:1', '--fingerprint', 'x', '--token', 'amj_x']])(
    'is refused by mesh %s before there is anything of it',
    (...words) => {
      const data = join(mkdtempSync(join(tmpdir(), 'mesh-mistyped-')), 'data');
      onTestFinished(() => rmSync(dirname(data), { recursive: true }));
      const said = [1, '', expect.stringMatching(/^mesh: 'my mac' is no id for a host: .* Say another with --id\.\n$/)];
      expect(typed(...words, '--id', 'my mac', '--data', data)).toEqual(said);
      expect(existsSync(data)).toBe(false);
    },
    LIVE_MS_MAX,
  );
});

describe('a host that is set up where no directory can be', () => {
  it(
    'is refused with a sentence',
    () => {
      const data = join(MAIN, 'data');
      const said = [
        1,
        '',
        expect.stringMatching(/^mesh: The data directory can't be made at .*: something else .*\.\n$/),
      ];
      expect(typed('init', '--id', 'mac', '--data', data)).toEqual(said);
    },
    LIVE_MS_MAX,
  );
});

describe('no command at all', () => {
  it(
    'starts a node, with flags too',
    () => {
      const said = [1, '', expect.stringMatching(/^mesh: The hosts file .*none\.json .*can't be read/)];
      expect(typed('--hosts', './none.json')).toEqual(said);
    },
    LIVE_MS_MAX,
  );
});

describe('a start that is refused for its settings', () => {
  it('says only that, and leaves the data alone and free', {
    timeout: LIVE_MS_MAX,
  }, async () => {
    const { directory, remove } = makeDataDirectory();
    onTestFinished(remove);
    const log = new RecordingLog();
    const first = await openStore({ directory, log });
    await first.commit([{ key: 'a', value: 1 }]);
    await first.close();
    const changedMs = () => statSync(pathsIn(directory).database).mtimeMs;
    const before = changedMs();
    const said = [1, '', expect.stringMatching(/^mesh: The hosts file .*none\.json .*can't be read.*\n$/)];
    expect(typed('--hosts', './none.json', '--data', directory)).toEqual(said);
    // Another node has it: what is wrong with the settings is told all the same.
    const store = await openStore({ directory, log });
    expect(typed('--hosts', './none.json', '--data', directory)).toEqual(said);
    expect(changedMs()).toBe(before);
    expect(await store.get('a')).toBe(1);
    await store.close();
  });
});
