// A search while mails wait to be put into the index.
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { Gate } from '../../../../node/mailbox/http/gate.ts';
import { Routes } from '../../../../node/mailbox/http/routes.ts';
import { type SearchServices, searchRoutes } from '../../../../node/mailbox/routes/search.ts';

/** What a search is answered; `indexed`: what the intake says when it is to bring the index up to date. */
const searched = async (indexed: () => boolean, isBehind = true) => {
  const app = new Hono();
  app.use(async (c, next) => {
    c.set('mailboxCaller', { keyId: 'organization' });
    await next();
  });
  const found = { items: [Buffer.from('{"message_id":"<1@y.com>"}')] };
  const services = {
    query: { ask: async (kind: string) => (kind === 'isSearchBehind' ? isBehind : found) },
    intake: { ask: async () => indexed() },
  } as unknown as SearchServices;
  const scope = { inboxId: 'a@x.com' };
  const gate = { admit: async () => scope, existing: async () => scope } as unknown as Gate;
  searchRoutes(new Routes(app, gate), services);
  const answer = await app.request('/v0/inboxes/a@x.com/messages/search?q=hello');
  return { status: answer.status, body: answer.status === 200 ? await answer.json() : undefined };
};
const FOUND = { count: 1, limit: 50, messages: [{ message_id: '<1@y.com>' }] };

describe('a search', () => {
  it('says nothing of the index where that has all mails', async () => {
    const never = () => {
      throw new Error('The index has all.');
    };
    expect(await searched(never, false)).toEqual({ status: 200, body: FOUND });
    expect(await searched(() => true)).toEqual({ status: 200, body: FOUND });
  });

  it('shows what is there, and says that more may be, where the index is not brought up to date in time', async () => {
    const silent = () => {
      throw new MeshError('overloaded', "The mailbox's intake has not answered within 3 s.");
    };
    for (const indexed of [() => false, silent])
      expect(await searched(indexed)).toEqual({ status: 200, body: { ...FOUND, index_behind: true } });
  });

  it('fails with a disk that fails', async () => {
    const broken = () => {
      throw new MeshError('store_failed', 'The disk is full.');
    };
    expect((await searched(broken)).status).toBe(500);
  });
});
