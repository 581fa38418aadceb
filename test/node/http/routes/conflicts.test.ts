// What an operator is told of conflicts, also of very many: a peer's index may show every address of this host as its own.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../../../mesh/names.ts';
import { conflictRoutes } from '../../../../node/http/routes/conflicts.ts';

const DOUBLES = 100_000;

it('lists a hundred thousand doubles in turns', async () => {
  const app = new Hono();
  const hostId = 'desk' as HostId;
  const doubles = Array.from({ length: DOUBLES }, (_, at) => ({ key: `a${at}@x.com` as AddressKey, hostId }));
  conflictRoutes(app, {
    conflicts: { list: () => [], doubles: () => doubles, resolve: () => Promise.resolve(undefined) },
    parseAddress: () => ({ valid: false, error: 'is none', code: 'empty' }),
    isLegacy: () => true,
  });
  let turns = 0;
  let isDone = false;
  const others = (async () => {
    for (; !isDone; turns += 1) await nextTurn();
  })();
  const response = await app.request('/api/mesh/v1/conflicts');
  isDone = true;
  await others;
  expect(turns).toBeGreaterThan(3);
  const { conflicts, undecided } = (await response.json()) as { conflicts: unknown[]; undecided: unknown[] };
  expect([conflicts, undecided.length]).toEqual([[], DOUBLES]);
  expect(undecided.at(-1)).toEqual({ address: `a${DOUBLES - 1}@x.com`, hostId, legacy: true });
});
