// A domain that somebody brings and that has other letters than ASCII: the DNS has one name of it, people another.
import { expect, it } from 'vitest';
import { mailboxNode } from '../../../support/mailbox-node.ts';
import { publish, serveZone, type Zone } from '../../../support/zone.ts';

it('has inboxes by either of its names, and stays while there are some', async () => {
  const zone: Zone = new Map();
  await using dns = await serveZone(zone);
  await using node = await mailboxNode({ dns: dns.at });
  publish(zone, (await node.v0('POST', '/domains', { domain: 'bücher.example' })).body.records);
  const path = '/domains/xn--bcher-kva.example';
  expect((await node.v0('POST', `${path}/verify`)).status).toBe(204);
  for (const [username, domain] of [
    ['support', 'bücher.example'],
    ['other', 'xn--bcher-kva.example'],
  ]) {
    const { status, body } = await node.v0('POST', '/inboxes', { username, domain });
    expect([status, body.inbox_id]).toEqual([200, `${username}@bücher.example`]);
  }
  const other = encodeURIComponent('other@bücher.example');
  const to = 'support@bücher.example';
  const { body: sent } = await node.v0('POST', `/inboxes/${other}/messages/send`, { to, text: 'Words.' });
  expect(sent.message_id, 'in letters that an answer can have in its header').toMatch(/@xn--bcher-kva\.example>$/);
  const own = `/inboxes/${encodeURIComponent(to)}/messages`;
  const answer = await node.v0('POST', `${own}/${encodeURIComponent(sent.message_id)}/reply`, { text: 'More.' });
  expect(answer.status).toBe(200);
  expect((await node.v0('GET', `/threads/${sent.thread_id}`)).body.message_count).toBe(2);
  expect(await node.v0('DELETE', path)).toMatchObject({ status: 403, body: { code: 'cannot_delete' } });
  for (const username of ['support', 'other'])
    await node.v0('DELETE', `/inboxes/${encodeURIComponent(`${username}@bücher.example`)}`);
  expect((await node.v0('DELETE', path)).status).toBe(204);
});
