// Every operation of the API's document that needs one host alone, asked of a real one; `npm run soak -- --api` asks more.
import { expect, it } from 'vitest';
import { askOneHost } from '../../scripts/chaos/api-run.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

it('every operation of a real host succeeds, and each answer is as the document says', {
  timeout: 2 * LIVE_MS_MAX,
}, async () => {
  expect(await askOneHost({ count: 600, seed: 1 }, () => undefined)).toEqual({ violations: [], never: [] });
});
