// A mailbox in which there is everything that can be asked for, and the answers that a client has got, as they came.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentMailClient } from 'agentmail';
import { expect, vi } from 'vitest';
import { type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { OF_DOMAINS } from './domain-calls.ts';
import { type AnswerSchema, type MailboxWorld, METHODS as WITHOUT_PODS } from './mailbox-calls.ts';
import { POD_METHODS } from './mailbox-pod-calls.ts';
import { OF_METRICS } from './metric-calls.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';
import { serveZone, type Zone } from './zone.ts';

/** What is asked of a method for its shape alone. */
export const METHODS = { ...WITHOUT_PODS, ...POD_METHODS, ...OF_METRICS, ...OF_DOMAINS };

export interface Answer {
  readonly status: number;
  /** As JSON, or a text that is none; absent where there is none. */
  readonly body: unknown;
}

export interface AnsweredMailbox extends MailboxWorld, AsyncDisposable {
  /** Whatever it asks has `nonsense` in it, among the parameters or in the body. */
  readonly spoiled: AgentMailClient;
}

const answers: Answer[] = [];

/** A node of its own, in which there is what `METHODS` ask for; its DNS says what is in the zone. */
export async function answeredMailbox(zone: Zone = new Map()): Promise<AnsweredMailbox> {
  await using stack = new AsyncDisposableStack();
  const dns = stack.use(await serveZone(zone));
  const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-mx', 'mx.example.com'];
  const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }], { flags: [...flags, '--mailbox-dns', dns.at] }));
  await mesh.start();
  const world = await makeWorld(mesh.host('mac'));
  const owned = stack.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function makeWorld({
  url,
  dataDirectory,
}: HostProcess): Promise<Omit<AnsweredMailbox, typeof Symbol.asyncDispose>> {
  const apiKey = readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
  const aside = new AgentMailClient({ apiKey, baseUrl: url });
  const watched = (key: string, fetch = watchedFetch) =>
    new AgentMailClient({ apiKey: key, baseUrl: url, maxRetries: 0, fetch });
  const wish = { displayName: 'Ann', clientId: 'ann', metadata: { plan: 'free' } };
  const { inboxId } = await aside.inboxes.create({ username: 'ann', ...wish });
  const newInbox = async (username: string) => (await aside.inboxes.create({ username })).inboxId;
  const [bob, eve] = [await newInbox('bob'), await newInbox('eve')];
  const { messages } = aside.inboxes;
  const first = await messages.send(inboxId, { to: bob, subject: 'Hello', text: 'Hello Bob' });
  const sent = await sendAll(apiKey, `${url}/v0/inboxes/${bob}/messages/${encodeURIComponent(first.messageId)}/reply`, {
    ...{ to: inboxId, cc: 'bob@agents.example.com', reply_to: 'Office <bob@agents.example.com>' },
  });
  const own = await sendAll(apiKey, `${url}/v0/inboxes/${inboxId}/messages/${encodeURIComponent(sent)}/reply`, {
    ...{ to: bob, cc: inboxId, bcc: eve, reply_to: inboxId },
  });
  const { threadId, attachments = [] } = await messages.get(inboxId, sent);
  const webhook = {
    url: 'http://127.0.0.1:9/hook',
    eventTypes: ['message.received' as const],
    headers: { 'X-Key': 'k' },
  };
  const ofInbox = await aside.inboxes.apiKeys.create(inboxId, { name: 'mine' });
  if (!('apiKey' in ofInbox)) throw new Error('A key was asked for, and what came has no text.');
  await new AgentMailClient({ apiKey: ofInbox.apiKey, baseUrl: url }).auth.me();
  await messages.update(inboxId, sent, { addLabels: ['one', 'two'] });
  const entry = 'kept.example';
  await aside.lists.create('receive', 'block', { entry, reason: 'spam' });
  await aside.inboxes.lists.create(inboxId, 'receive', 'block', { entry, reason: 'spam' });
  return {
    entry,
    ...(await makeDrafts(aside, inboxId, { sent, bob, eve })),
    ...{
      client: watched(apiKey),
      spoiled: watched(apiKey, spoilingFetch),
      aside,
      inboxId,
      ofInbox: watched(ofInbox.apiKey),
      inboxKeyId: ofInbox.apiKeyId,
    },
    ...{ messageIds: [sent, own], threadId, attachmentId: String(attachments[0]?.attachmentId) },
    webhookId: (await aside.webhooks.create({ ...webhook, clientId: 'mine', inboxIds: [inboxId] })).webhookId,
    inboxWebhookId: (await aside.inboxes.webhooks.create(inboxId, webhook)).webhookId,
    keyId: (await aside.apiKeys.create({ name: 'one' })).apiKeyId,
    domainId: (await aside.domains.create({ domain: 'ours.example.net' })).domainId,
    ...(await makePod(aside, entry)),
  };
}

/** A pod with one of each thing that can be in it. */
async function makePod(aside: AgentMailClient, entry: string) {
  const { podId } = await aside.pods.create({ name: 'Acme', clientId: 'acme' });
  await aside.pods.lists.create(podId, 'receive', 'block', { entry });
  const { inboxId } = await aside.pods.inboxes.create(podId, { username: 'cid' });
  const attachments = [{ filename: 'a.txt', content: Buffer.from('a').toString('base64') }];
  const mail = { to: inboxId, subject: 'Hello', text: 'Hello', attachments };
  const { threadId, messageId } = await aside.inboxes.messages.send(inboxId, mail);
  const [file] = (await aside.inboxes.messages.get(inboxId, messageId)).attachments ?? [];
  const draft = await aside.inboxes.drafts.create(inboxId, { text: 'Hello', attachments: [{ content: 'YQ==' }] });
  const webhook = { url: 'http://127.0.0.1:9/hook', eventTypes: ['message.received' as const], clientId: 'pod' };
  return {
    ...{ podDraftId: draft.draftId, podDraftFileId: String(draft.attachments?.[0]?.attachmentId) },
    ...{ podId, podInboxId: inboxId, podThreadId: threadId, podAttachmentId: String(file?.attachmentId) },
    podDomainId: (await aside.pods.domains.create(podId, { domain: 'theirs.example.net' })).domainId,
    podKeyId: (await aside.pods.apiKeys.create(podId, { name: 'theirs', permissions: { inboxRead: true } })).apiKeyId,
    podWebhookId: (await aside.pods.webhooks.create(podId, webhook)).webhookId,
  };
}

/** A draft that has all that a draft can have, and one that has failed: nobody here may write to others. */
async function makeDrafts(
  aside: AgentMailClient,
  inboxId: string,
  { sent, bob, eve }: Readonly<Record<'sent' | 'bob' | 'eve', string>>,
): Promise<Pick<MailboxWorld, 'draftId' | 'draftFileId' | 'failedDraftId'>> {
  const { drafts } = aside.inboxes;
  const { draftId, attachments } = await drafts.create(inboxId, {
    ...{ to: [bob], cc: [eve], bcc: [inboxId], replyTo: [inboxId], inReplyTo: sent, clientId: 'one', labels: ['one'] },
    ...{ subject: 'Hello', text: 'Hello', html: '<p>Hello', sendAt: new Date(Date.now() + 86_400_000) },
    attachments: [
      { filename: 'a.csv', contentType: 'text/csv', contentDisposition: 'inline', contentId: 'one', content: 'YQ==' },
    ],
  });
  const failing = { to: ['jane@example.net'], forwardOf: sent, sendAt: new Date() };
  const { draftId: failedDraftId } = await drafts.create(inboxId, failing);
  // A key may ask only so often.
  const isFailed = async () => expect((await drafts.get(inboxId, failedDraftId)).sendStatus).toBe('failed');
  await vi.waitFor(isFailed, { timeout: LIVE_MS_MAX, interval: 200 });
  return { draftId, draftFileId: String(attachments?.[0]?.attachmentId), failedDraftId };
}

/** Sends a mail with all that a mail can have, `payload` among it, which the client does not know; answers its id. */
async function sendAll(apiKey: string, to: string, form: object): Promise<string> {
  const html = '<p>Yes.</p><p style="display:none">secret</p><blockquote class="gmail_quote">Is it?</blockquote>';
  const content = Buffer.from('a,b\n').toString('base64');
  const file = {
    filename: 'a.csv',
    content_type: 'text/csv',
    content_disposition: 'inline',
    content_id: 'one',
    content,
  };
  const response = await fetch(to, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...form, html, attachments: [file], payload: { done: true } }),
  });
  const body = (await response.json()) as { message_id: string };
  if (!response.ok) throw new Error(`The mail was refused: ${JSON.stringify(body)}`);
  return body.message_id;
}

/** The real one, whose answers are noted as they come; it asks no more often than a key may. */
const watchedFetch: typeof fetch = async (...asked) => {
  let response = await fetch(...asked);
  for (; response.status === 429; response = await fetch(...asked))
    await pause(1_000 * Number(response.headers.get('retry-after')));
  const text = await response.clone().text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  answers.push({ status: response.status, body: text === '' ? undefined : isJson ? JSON.parse(text) : text });
  return response;
};

const spoilingFetch: typeof fetch = (input, init = {}) => {
  const url = new URL(String(input));
  if (init.method === 'GET') {
    url.searchParams.set('nonsense', '1');
    return watchedFetch(url, init);
  }
  const body = JSON.stringify({ ...JSON.parse(String(init.body ?? '{}')), nonsense: true });
  return watchedFetch(url, { ...init, body });
};

/** What was answered to `client` and `ofInbox` in that call. */
export async function answersTo(call: () => Promise<unknown>): Promise<readonly Answer[]> {
  answers.length = 0;
  await call();
  return answers.splice(0);
}

/** What the schema of that client refuses, and each unknown member once, by its name. */
export function faultsOf(schema: AnswerSchema, { body }: Answer): readonly string[] {
  const parsed = schema.parse(body, { unrecognizedObjectKeys: 'fail' });
  if (parsed.ok) return [];
  return parsed.errors.map(
    ({ path, message }) => /^Unexpected key "(.*)"$/.exec(message)?.[1] ?? `${path.join('.')}: ${message}`,
  );
}
