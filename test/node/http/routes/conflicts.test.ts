// What an operator is told of conflicts, also of very many: a peer's index may show every address of this host as its own.
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../../../mesh/names.ts';
import { conflictRoutes } from '../../../../node/http/routes/conflicts.ts';
import { TiredClock } from '../../../support/tired-clock.ts';

const DOUBLES = 100_000;

it('lists a hundred thousand doubles in turns', async () => {
  const app = new Hono();
  const clock = new TiredClock();
  const hostId = 'desk' as HostId;
  const doubles = Array.from({ length: DOUBLES }, (_, at) => ({ key: `a${at}@x.com` as AddressKey, hostId }));
  conflictRoutes(app, {
    conflicts: { list: () => [], doubles: () => doubles, resolve: () => Promise.resolve(undefined) },
    parseAddress: () => ({ valid: false, error: 'is none', code: 'empty' }),
    clock,
    isLegacy: () => true,
  });
  const response = await app.request('/api/mesh/v1/conflicts');
  expect(clock.sleeps).toBeGreaterThan(100);
  const { conflicts, undecided } = (await response.json()) as { conflicts: unknown[]; undecided: unknown[] };
  expect([conflicts, undecided.length]).toEqual([[], DOUBLES]);
  expect(undecided.at(-1)).toEqual({ address: `a${DOUBLES - 1}@x.com`, hostId, legacy: true });
});
