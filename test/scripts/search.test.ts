import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SIMULATOR = join(import.meta.dirname, '..', '..', 'scripts', 'sim.ts');

it('prints every line of a traced run before its verdict', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    SIMULATOR,
    ...['--seed', '5', '--size', 'micro', '--trace'],
  ]);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.at(-1)).toBe('micro run of seed 5: no violation');
  // A run of this size exchanges some hundred messages.
  expect(lines.filter((line) => /(?:->|<-) /.test(line)).length).toBeGreaterThan(100);
});
