// `npm run demo`, which says of itself whether all of it was as told.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));
it('the demo goes as it tells', { timeout: LIVE_MS_MAX }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO]);
  expect(stdout.trim().split('\n').at(-1)).toBe('All of it was as told.');
});
