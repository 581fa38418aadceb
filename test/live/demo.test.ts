// `npm run demo`, which says of itself whether all of it was as told.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));

it.each([[], ['--mail']])('the demo goes as it tells: %j', { timeout: LIVE_MS_MAX }, async (...flags) => {
  // It looks for ports by itself, and not where this worker does, nor another.
  const { VITEST_POOL_ID, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO, ...flags], { env });
  expect(stdout.trim().split('\n').at(-1)).toBe('All of it was as told.');
});

it('the demo says what it takes when it is asked for something else', async () => {
  const refused = promisify(execFile)(process.execPath, [DEMO, '--post']);
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("not '--post'") });
});
