// `/api/conflicts`: guarded as what shows addresses is, under its former path too.
import { describe, expect, it } from 'vitest';
import { testNode } from '../../../support/test-node.ts';

const TOKEN = 'token-token-token-token';
const SINCE = '2026-01-01T00:00:00Z';

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

describe('the pages of GET /api/conflicts', () => {
  async function three() {
    const disk = new Map(
      ['a@x.com', 'b@x.com', 'c@x.com'].map((key) => [`conflict/${key}`, JSON.stringify(stored(key))]),
    );
    return testNode({ disk });
  }
  const stored = (key: string) => ({
    ...{ key, address: key, agentId: 'a1', agentName: 'titania', claimId: 'c1', since: SINCE, primary: true },
    ...{
      owner: { hostId: 'cloud', agentId: 'o1', agentName: 'oberon', claimId: 'claim-of-oberon', since: SINCE },
      foundAt: SINCE,
    },
  });
  const addresses = ({ conflicts }: { conflicts: { address: string }[] }) => conflicts.map(({ address }) => address);

  it('hold as many as `limit` says, and the last has no `nextCursor`', async () => {
    const { ask } = await three();
    const { body: first } = await ask('GET', '/api/conflicts?limit=2');
    expect([addresses(first), first]).toMatchObject([['a@x.com', 'b@x.com'], { nextCursor: 'b@x.com' }]);
    const { body: last } = await ask('GET', '/api/conflicts?limit=2&cursor=b%40x.com');
    expect([addresses(last), Object.keys(last)]).toEqual([['c@x.com'], ['conflicts', 'undecided']]);
  });

  it.each([
    ['limit', '0'],
    ['limit', '201'],
    ['limit', 'x'],
    ['limit', '1&limit=2'],
    ['cursor', 'x'.repeat(1_025)],
  ])('are refused with a %s of %.10s', async (field, value) => {
    const { ask } = await three();
    const { status, body } = await ask('GET', `/api/conflicts?${field}=${value}`);
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', field }]);
  });
});
