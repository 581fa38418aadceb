// Links in answers lead where whoever asks can follow them: a proxy that speaks TLS passes everything on as plain HTTP.
import { expect, it } from 'vitest';
import { mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';

it.each([
  ['itself', 'http://localhost', {}, 'http://localhost'],
  ['a proxy that says so', 'http://localhost', { 'x-forwarded-proto': 'https' }, 'https://localhost'],
  ['two proxies', 'http://localhost:8443', { 'x-forwarded-proto': 'https, http' }, 'https://localhost:8443'],
  ['a proxy without TLS', 'http://localhost', { 'x-forwarded-proto': 'http' }, 'http://localhost'],
  ['the public URL', 'http://mail.example.com', {}, 'https://mail.example.com'],
])('begin with where the host was asked, which is %s', async (_, asked, headers, origin) => {
  await using node = await mailboxNode({ publicUrl: 'https://mail.example.com' });
  await node.v0('POST', '/inboxes', { username: 'a' });
  const { body: sent } = await node.v0('POST', `/inboxes/${A}/messages/send`, { to: A, text: 'Words.' });
  const path = `/v0/inboxes/${A}/messages/${encodeURIComponent(sent.message_id)}/raw`;
  const shown = { host: new URL(asked).host, authorization: `Bearer ${node.key}`, ...headers };
  const answer = await node.node.fetch(new Request(`${asked}${path}`, { headers: shown }), {});
  const { download_url: link } = (await answer.json()) as { download_url: string };
  expect(new URL(link).origin).toBe(origin);
});
