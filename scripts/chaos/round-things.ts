// What questions can be about: one of each thing, for a round of them. Before the next round all is taken away again, with what the questions have
// made themselves, since of most there may be only so many.
import type { IdKind } from '../../test/support/route-requests.ts';
import type { MailboxAsker } from './mailbox-asker.ts';

const LISTS = ['send', 'receive', 'reply'].flatMap((direction) => [`${direction}/allow`, `${direction}/block`]);

/** One of each thing that there is. */
export async function newThings(asker: MailboxAsker, round: number): Promise<Readonly<Record<IdKind, string>>> {
  const name = `round-${round}`;
  const { pod_id: pod } = await asker.post('/v0/pods', { client_id: name });
  const { inbox_id: inbox } = await asker.post(`/v0/pods/${pod}/inboxes`, { username: name });
  const of = `/v0/inboxes/${inbox}`;
  const mail = await asker.post(`${of}/messages/send`, { to: inbox, subject: 'Hello', text: 'Hello, words.' });
  const hook = { url: 'http://127.0.0.1:9/hook', event_types: ['message.received'] };
  const entry = `${name}.example`;
  await asker.post('/v0/lists/receive/block', { entry });
  await asker.post(`${of}/lists/receive/block`, { entry });
  return {
    ...{ pod, inbox, entry, message: mail.message_id, thread: mail.thread_id },
    key: (await asker.post(`${of}/api-keys`, {})).api_key_id,
    webhook: (await asker.post(`${of}/webhooks`, hook)).webhook_id,
    draft: (await asker.post(`${of}/drafts`, { subject: 'Hello' })).draft_id,
    domain: (await asker.post('/v0/domains', { domain: `mail.${entry}` })).domain_id,
  } as Readonly<Record<IdKind, string>>;
}

/** All but what the asker has made for itself, and the pod that is always there. Rejects where something can't be taken away. */
export async function takeAway(asker: MailboxAsker): Promise<void> {
  // What is in an inbox, and is its own, goes with it.
  await takeAll(asker, '/v0/inboxes', { name: 'inboxes', id: 'inbox_id' });
  await takeAll(asker, '/v0/webhooks', { name: 'webhooks', id: 'webhook_id' });
  await takeAll(asker, '/v0/api-keys', { name: 'api_keys', id: 'api_key_id' });
  await takeAll(asker, '/v0/domains', { name: 'domains', id: 'domain_id' });
  for (const list of LISTS) await takeAll(asker, `/v0/lists/${list}`, { name: 'entries', id: 'entry' });
  const [, ...pods] = await asker.all<{ readonly pod_id: string }>('/v0/pods?ascending=true', 'pods');
  for (const { pod_id: pod } of pods) await asker.delete(`/v0/pods/${pod}`);
}

async function takeAll(
  asker: MailboxAsker,
  path: string,
  { name, id }: { readonly name: string; readonly id: string },
): Promise<void> {
  const found = (await asker.all<Readonly<Record<string, string>>>(path, name)).map((item) => item[id] ?? '');
  for (const one of found) if (!asker.hasMade(one)) await asker.delete(`${path}/${encodeURIComponent(one)}`);
}
