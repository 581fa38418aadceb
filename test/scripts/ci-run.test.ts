// What CI runs says so where it can't do all that it is there for.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testDirectory } from '../support/test-blobs.ts';

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

it('.ci/run fails where it is not run as root, for the tests with Postfix would be skipped', () => {
  const script = readFileSync(join(import.meta.dirname, '..', '..', '.ci', 'run'), 'utf8');
  const [program = '', ...words] = [...(process.getuid?.() === 0 ? NOBODY : []), 'bash', '-s'];
  const { status, stdout } = spawnSync(program, words, { input: script, encoding: 'utf8', cwd: testDirectory() });
  expect([status, stdout]).toEqual([1, expect.stringMatching(/^run it as root: Postfix .*\n$/)]);
});
