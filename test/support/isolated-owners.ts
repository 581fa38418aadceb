// Two pods and what is in them, on a real node: of each thing one, and keys that open the organization, a pod, or an inbox.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { Owner } from './isolation.ts';
import { mailOf } from './live-mailbox.ts';
import { keyed, type MadeKey } from './proof-keys.ts';
import type { ProofWorld } from './proof-world.ts';
import { SmtpTalk } from './smtp-talk.ts';

/** Keys of one scope: each may ask 200 times at once, and more of them as much more often. */
const KEYS = 8;
const HOOK = { url: 'http://127.0.0.1:9/hook', eventTypes: ['message.received' as const] };
/** A mail with one file, whose id is the same in all of them. */
const WITH_FILE = [
  ...['Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'See it.', '--b'],
  ...[
    'Content-Type: text/plain; name=file.txt',
    'Content-Disposition: attachment; filename=file.txt',
    '',
    'x',
    '--b--',
  ],
];

export const HIDING = ['spam', 'blocked', 'unauthenticated', 'trash'] as const;
type Hiding = (typeof HIDING)[number];

export interface LiveOwner extends Owner {
  /** Texts of keys that open the same. */
  readonly texts: readonly string[];
  readonly keyIds: readonly string[];
  readonly client: AgentMailClient;
}

export interface Isolated {
  readonly owners: readonly LiveOwner[];
  readonly attachmentId: string;
  /** A mail and its thread of inbox A1, by the label that it has. */
  readonly hidden: Readonly<Record<Hiding, Owner['ids']>>;
}

/** What makes owners; the names of what they make begin with `prefix`. */
function makersOf(world: ProofWorld, prefix: string) {
  const { client, host } = world;
  let made = 0;
  const entryOf = () => {
    made += 1;
    return `${prefix}-${made}.example`;
  };
  const ofKeys = async (make: () => PromiseLike<MadeKey>) => {
    const all = [];
    for (let count = 0; count < KEYS; count += 1) all.push(keyed(host, await make()));
    const [first] = all as [(typeof all)[0]];
    const [texts, keyIds] = [all.map(({ apiKey }) => apiKey), all.map(({ keyId }) => keyId)];
    return { key: first.keyId, of: { text: first.apiKey, texts, keyIds, client: first.client } };
  };

  const organization = async (): Promise<LiveOwner> => {
    const { key, of } = await ofKeys(() => client.apiKeys.create({}));
    const entry = entryOf();
    await client.lists.create('receive', 'block', { entry });
    const { domainId: domain } = await client.domains.create({ domain: `mail.${entry}` });
    const { webhookId: webhook } = await client.webhooks.create(HOOK);
    return { name: 'organization', ...of, ids: { key, entry, domain, webhook } };
  };
  const pod = async (name: string): Promise<LiveOwner> => {
    const { podId } = await client.pods.create({ clientId: `${prefix}-${name.slice(-1).toLowerCase()}` });
    const { key, of } = await ofKeys(() => client.pods.apiKeys.create(podId, {}));
    const entry = entryOf();
    await client.pods.lists.create(podId, 'receive', 'block', { entry });
    const { domainId: domain } = await client.pods.domains.create(podId, { domain: `mail.${entry}` });
    const { webhookId: webhook } = await client.pods.webhooks.create(podId, HOOK);
    return { name, pod: podId, ...of, ids: { pod: podId, key, entry, domain, webhook } };
  };
  const inbox = async (name: string, podId: string): Promise<LiveOwner> => {
    const username = name.replace('inbox ', '').toLowerCase();
    const { inboxId } = await client.pods.inboxes.create(podId, { username });
    const { key, of } = await ofKeys(() => client.inboxes.apiKeys.create(inboxId, {}));
    const entry = entryOf();
    await client.inboxes.lists.create(inboxId, 'receive', 'block', { entry });
    const { webhookId: webhook } = await client.inboxes.webhooks.create(inboxId, HOOK);
    const { draftId: draft } = await client.inboxes.drafts.create(inboxId, { subject: name });
    const mail = await mailIn(world, inboxId, `<${prefix}-${username}@y.com>`);
    return { name, pod: podId, inbox: inboxId, ...of, ids: { pod: podId, key, entry, webhook, draft, ...mail } };
  };
  return { organization, pod, inbox };
}

/** The names of what is made begin with `prefix`. */
export async function isolatedOwners(world: ProofWorld, prefix: string): Promise<Isolated> {
  const { client } = world;
  const { organization, pod, inbox } = makersOf(world, prefix);
  const [standard] = (await client.pods.list({ ascending: true })).pods;
  const [a, b] = [await pod('pod A'), await pod('pod B')];
  const a1 = await inbox('inbox A1', String(a.pod));
  const owners = [
    ...[await organization(), a, b, a1, await inbox('inbox A2', String(a.pod)), await inbox('inbox B1', String(b.pod))],
    await inbox('inbox D', String(standard?.podId)),
  ];
  const hidden: Partial<Record<Hiding, Owner['ids']>> = {};
  for (const label of HIDING) {
    hidden[label] = await mailIn(world, String(a1.inbox), `<${prefix}-${label}@y.com>`);
    await client.inboxes.messages.update(String(a1.inbox), String(hidden[label].message), { addLabels: [label] });
  }
  const [file] = (await client.inboxes.messages.get(String(a1.inbox), String(a1.ids.message))).attachments ?? [];
  return { owners, attachmentId: String(file?.attachmentId), hidden: hidden as Isolated['hidden'] };
}

/** Everything that was made: inboxes, domains, then pods, as the guide has it. */
export async function removeOwners({ client }: ProofWorld, owners: readonly LiveOwner[]): Promise<void> {
  for (const { inbox } of owners) if (inbox !== undefined) await client.inboxes.delete(inbox);
  for (const { ids } of owners) if (ids.domain !== undefined) await client.domains.delete(ids.domain);
  for (const { pod, inbox } of owners) if (pod !== undefined && inbox === undefined) await client.pods.delete(pod);
  // What is of a pod or an inbox has ended with it.
  for (const { ids, keyIds } of owners.filter(({ name }) => name === 'organization')) {
    await client.lists.delete('receive', 'block', String(ids.entry));
    await client.webhooks.delete(String(ids.webhook));
    for (const keyId of keyIds) await client.apiKeys.delete(keyId);
  }
}

/** What came there: `<…>`, with a file, from Jane. */
async function mailIn(world: ProofWorld, inbox: string, id: string) {
  await handOver(world.smtp, 'EHLO', inbox, mailOf(id, 'Hello', ...WITH_FILE));
  const { threadId } = await world.client.inboxes.messages.get(inbox, id);
  return { inbox, message: id, thread: threadId };
}

/** Hands a mail over, by SMTP or LMTP as `hello` says. */
export async function handOver(port: number, hello: 'EHLO' | 'LHLO', to: string, mail: string): Promise<void> {
  await using talk = await SmtpTalk.open(port, `${hello} mx.y.com`);
  await talk.say('MAIL FROM:<jane@y.com>');
  expect(await talk.say(`RCPT TO:<${to}>`)).toMatch(/^250/);
  expect((await talk.mail(mail))[0]).toMatch(/^250/);
}
