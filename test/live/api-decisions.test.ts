// What an operator decides about a mesh, asked of real hosts: each decision succeeds, and each answer is as the API's document says.
import { expect, it } from 'vitest';
import { runDecisions } from '../../scripts/chaos/api-decisions.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

it('every decision about a mesh is answered as the document says', { timeout: 2 * LIVE_MS_MAX }, async () => {
  expect(await runDecisions(40, 1)).toEqual({ faults: [], never: [] });
});
