import { describe, expect, it } from 'vitest';
import { mailboxNode } from '../../../support/mailbox-node.ts';

const ROUTES = [
  ['POST', '/agent/sign-up'],
  ['POST', '/agent/verify'],
  ['GET', '/providers'],
  ['GET', '/providers/search?q=mail'],
  ['GET', '/providers/one'],
  ['GET', '/providers/one/accounts'],
  ['POST', '/providers/one/connect'],
  ['GET', '/accounts'],
  ['GET', '/accounts/one'],
  ['POST', '/inboxes/a@x.com/authorize'],
] as const;

describe('what only a vendor can do', () => {
  it('is 404 not_implemented, and says why, to whoever asks; any other route is not found, and takes a key', async () => {
    await using node = await mailboxNode();
    const body = { name: 'NotFoundError', code: 'not_implemented', message: expect.stringMatching(/An own node/) };
    for (const [method, path] of ROUTES) {
      expect(await node.v0(method, path, method === 'POST' ? {} : undefined), path).toMatchObject({
        status: 404,
        body,
      });
      expect(await node.ask(method, `/v0${path}`), path).toMatchObject({ status: 404, body });
    }
    for (const [method, path] of [['GET', '/providers/one/two'] as const, ['POST', '/accounts'] as const])
      expect(await node.v0(method, path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await node.ask('GET', '/v0/never')).status).toBe(401);
  });
});
