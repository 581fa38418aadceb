// What an operator is told of conflicts, also of very many: a peer's index may show every address of this host as its own.
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../../../mesh/names.ts';
import { conflictRoutes } from '../../../../node/http/routes/conflicts.ts';
import { testNode } from '../../../support/test-node.ts';
import { TiredClock } from '../../../support/tired-clock.ts';

const TOKEN = 'token-token-token-token';
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
  const response = await app.request('/api/conflicts');
  expect(clock.sleeps).toBeGreaterThan(100);
  const { conflicts, undecided } = (await response.json()) as { conflicts: unknown[]; undecided: unknown[] };
  expect([conflicts, undecided.length]).toEqual([[], DOUBLES]);
  expect(undecided.at(-1)).toEqual({ address: `a${DOUBLES - 1}@x.com`, hostId, legacy: true });
});

describe.each(['/api/conflicts', '/api/mesh/v1/conflicts'])('GET %s', (path) => {
  it('shows the conflicts to an operator, without a signature', async () => {
    const { ask } = await testNode();
    const { status, body } = await ask('GET', path);
    expect([status, body]).toEqual([200, { conflicts: [], undecided: [] }]);
  });

  it.each(['', '/a%40x.com'])('needs the token, with %j after it too', async (rest) => {
    const { ask } = await testNode({ token: TOKEN });
    for (const method of ['GET', 'POST']) {
      const { body } = await ask(method, path + rest);
      expect(body).toMatchObject({ error: 'unauthorized', message: expect.stringContaining('MESH_TOKEN') });
    }
    const shown = await ask('GET', path + rest, undefined, { authorization: `Bearer ${TOKEN}` });
    expect(shown.status).toBe(rest === '' ? 200 : 405);
  });

  it('takes a decision about an address with its percent signs decoded once', async () => {
    const { ask } = await testNode();
    const { status, body } = await ask('POST', `${path}/a%2540x%40x.com`, { keep: 'mine' });
    expect([status, body]).toMatchObject([404, { message: "This host has no conflict over 'a%40x@x.com'." }]);
  });
});

describe('a path that only begins as theirs did', () => {
  it('stays among the routes between hosts', async () => {
    const { ask } = await testNode();
    expect((await ask('GET', '/api/mesh/v1/conflictsx')).body).toMatchObject({ error: 'signature_refused' });
  });
});
