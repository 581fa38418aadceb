// Every answer of the mailbox by the schemas of AgentMail's own client, which that client itself applies loosely: no member too many, but
// those that are ours, none of another type, and none missing that the mail or the inbox has.
import { AgentMail, serialization } from 'agentmail';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  type AnsweredMailbox,
  answeredMailbox,
  answersTo,
  faultsOf,
  METHODS,
} from '../support/answered-mailbox.ts';
import { methodsOf } from '../support/client-methods.ts';
import { type Call, DELETED } from '../support/deleting-calls.ts';
import type { MailboxWorld } from '../support/mailbox-calls.ts';
import { nowhere } from '../support/mailbox-nowhere.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';
import { VENDOR_CALLS } from '../support/vendor-calls.ts';
import type { Zone } from '../support/zone.ts';

const zone: Zone = new Map();
let world: AnsweredMailbox;

beforeAll(async () => {
  world = await answeredMailbox(zone);
}, LIVE_MS_MAX);
afterAll(() => world?.[Symbol.asyncDispose](), LIVE_MS_MAX);

/** The schema, the list of the answer where what it describes is found, or none, and what this host never says of it. */
const WHOLE = [
  ['auth.me', serialization.Identity, undefined, []],
  ['apiKeys.list', serialization.ListApiKeysResponse, undefined, []],
  ['inboxes.apiKeys.list', serialization.BearerApiKey, 'api_keys', ['permissions', 'expires_at']],
  ['inboxes.apiKeys.create', serialization.CreateApiKeyResponse, undefined, ['permissions']],
  ['inboxes.list', serialization.inboxes.ListInboxesResponse, undefined, []],
  ['inboxes.get', serialization.inboxes.Inbox, undefined, []],
  ['inboxes.events.list', serialization.ListInboxEventsResponse, undefined, []],
  ['inboxes.events.list', serialization.InboxEvent, 'events', []],
  ['inboxes.messages.list', serialization.ListMessagesResponse, undefined, []],
  ['inboxes.messages.list', serialization.MessageItem, 'messages', []],
  ['inboxes.messages.search', serialization.SearchMessageItem, 'messages', []],
  ['threads.search', serialization.SearchThreadItem, 'threads', []],
  ['inboxes.messages.get', serialization.Message, undefined, []],
  ['inboxes.messages.get', serialization.Attachment, 'attachments', []],
  ['inboxes.messages.getAttachment', serialization.AttachmentResponse, undefined, []],
  ['inboxes.threads.list', serialization.ThreadItem, 'threads', []],
  ['domains.list', serialization.ListDomainsResponse, undefined, []],
  ['domains.list', serialization.DomainItem, 'domains', ['pod_id', 'client_id']],
  ['domains.get', serialization.Domain, undefined, ['pod_id', 'client_id']],
  ['domains.get', serialization.VerificationRecord, 'records', ['reason']],
  ['pods.domains.get', serialization.Domain, undefined, ['client_id']],
  ['pods.get', serialization.pods.Pod, undefined, []],
  ['pods.list', serialization.pods.ListPodsResponse, undefined, ['next_page_token']],
  ['pods.apiKeys.list', serialization.BearerApiKey, 'api_keys', ['inbox_id', 'used_at', 'expires_at']],
  ['pods.apiKeys.create', serialization.CreateApiKeyResponse, undefined, ['inbox_id']],
  ['pods.webhooks.get', serialization.webhooks.Webhook, undefined, ['inbox_ids']],
  ['drafts.list', serialization.ListDraftsResponse, undefined, []],
  ['inboxes.drafts.list', serialization.DraftItem, 'drafts', []],
  ['inboxes.drafts.get', serialization.Draft, undefined, ['forward_of']],
  ['inboxes.drafts.get', serialization.Attachment, 'attachments', []],
  ['threads.list', serialization.ListThreadsResponse, undefined, []],
  ['threads.get', serialization.Thread, undefined, ['next_page_token']],
  ['threads.get', serialization.Message, 'messages', []],
  ['lists.list', serialization.ListListEntriesResponse, undefined, []],
  ['lists.get', serialization.ListEntry, undefined, ['read_only']],
  ['inboxes.lists.get', serialization.PodListEntry, undefined, ['read_only']],
  ['webhooks.list', serialization.webhooks.ListWebhooksResponse, undefined, []],
  ['webhooks.get', serialization.webhooks.Webhook, undefined, ['pod_ids']],
] as const;

/** Calls with nothing in them that could be elsewhere; those that make first what they delete or send are in `DELETED`. */
const NAMES_NOTHING =
  /^(auth\.me|(lists|metrics|organizations)\.\w+|(apiKeys|domains|drafts|inboxes|pods|threads|webhooks)\.(list|create|search)|inboxes\.drafts\.send|.*\.delete)$/;
/** Of these the client knows no 404, and says so by its general error. */
const UNNAMED_404 =
  /^(inboxes\.messages\.batch|pods\.(domains|inboxes)\.create|(inboxes|pods)\.(metrics\.|(lists|webhooks)\.(list|create)))/;

/** Methods that take more than the names of what they are about. */
const TAKES_FORM =
  /\.(create|update|updateHeaders|list|search|send|reply|replyAll|forward|batchGet|batchUpdate|queryEvents|queryUsage)$/;

const VALIDATION = [AgentMail.ValidationError, 400, serialization.ValidationErrorResponse] as const;
const CONFLICT = [AgentMail.ConflictError, 409, serialization.ErrorResponse] as const;
const REJECTED = [AgentMail.MessageRejectedError, 403, serialization.ErrorResponse] as const;
const UNPROCESSABLE = [AgentMail.UnprocessableError, 422, serialization.ErrorResponse] as const;

const REFUSED = [
  ['an inbox with no valid name', VALIDATION, ({ client }) => client.inboxes.create({ username: 'a b' })],
  ['a search for inboxes of one letter', VALIDATION, ({ client }) => client.inboxes.search({ q: 'a' })],
  ['a search for no word', VALIDATION, ({ client, inboxId }) => client.inboxes.messages.search(inboxId, { q: '?' })],
  ['a change of nothing', VALIDATION, ({ client, inboxId }) => client.inboxes.update(inboxId, {})],
  ['a key without a name', VALIDATION, ({ client }) => client.apiKeys.create({ name: '' })],
  [
    'a label that is the host’s',
    VALIDATION,
    ({ client, inboxId, messageIds }) => client.inboxes.messages.update(inboxId, messageIds[0], { addLabels: 'sent' }),
  ],
  [
    'a message that is named twice',
    VALIDATION,
    ({ client, inboxId }) => client.inboxes.messages.batchGet(inboxId, { messageIds: ['<1@y.com>', '<1@y.com>'] }),
  ],
  [
    'a batch that changes nothing',
    VALIDATION,
    ({ client, inboxId, messageIds }) => client.inboxes.messages.batchUpdate(inboxId, { messageIds: [...messageIds] }),
  ],
  [
    'a mail with an address that is none',
    VALIDATION,
    ({ client, inboxId }) => client.inboxes.messages.send(inboxId, { to: 'nobody' }),
  ],
  [
    'a draft for nobody, with a time',
    VALIDATION,
    ({ client, inboxId }) => client.inboxes.drafts.create(inboxId, { sendAt: new Date(Date.now() + 60_000) }),
  ],
  [
    'a draft that was changed since',
    CONFLICT,
    ({ client, inboxId, draftId }) =>
      client.inboxes.drafts.update(inboxId, draftId, { addLabels: ['x'] }, { headers: { 'If-Match': '"999"' } }),
  ],
  [
    'a draft for others, which nobody here may send',
    REJECTED,
    async ({ client, aside, inboxId }) => {
      const { draftId } = await aside.inboxes.drafts.create(inboxId, { to: ['jane@example.net'] });
      await client.inboxes.drafts.send(inboxId, draftId, {});
    },
  ],
  ['a change of a thread’s nothing', VALIDATION, ({ client, threadId }) => client.threads.update(threadId, {})],
  [
    'a webhook with no URL',
    VALIDATION,
    ({ client }) => client.webhooks.create({ url: 'nowhere', eventTypes: ['message.sent'] }),
  ],
  [
    'a webhook of an inbox without events',
    VALIDATION,
    ({ client, inboxId }) =>
      client.inboxes.webhooks.create(inboxId, { url: 'http://127.0.0.1:9/hook', eventTypes: [] }),
  ],
  ['a domain that is none', VALIDATION, ({ client }) => client.domains.create({ domain: 'localhost' })],
  [
    'a domain whose mail goes elsewhere',
    UNPROCESSABLE,
    ({ client }) => {
      zone.set('MX busy.example.net', ['1 mx.other.example']);
      return client.domains.create({ domain: 'busy.example.net' });
    },
  ],
  [
    'a domain that was looked up just now',
    CONFLICT,
    async ({ client, aside, domainId }) => {
      await aside.domains.verify(domainId);
      await client.domains.verify(domainId);
    },
  ],
  ['no header', VALIDATION, ({ client, webhookId }) => client.webhooks.updateHeaders(webhookId, {})],
  [
    'a thread’s label that is the host’s',
    UNPROCESSABLE,
    ({ client, inboxId, threadId }) => client.inboxes.threads.update(inboxId, threadId, { addLabels: ['sent'] }),
  ],
  [
    'another mail with the same Idempotency-Key',
    CONFLICT,
    async ({ client, aside, inboxId }) => {
      const key = { idempotencyKey: 'one' };
      await aside.inboxes.messages.send(inboxId, { to: inboxId, text: 'One' }, key);
      await client.inboxes.messages.send(inboxId, { to: inboxId, text: 'Two' }, key);
    },
  ],
  [
    'mail to others, which nobody here may send',
    REJECTED,
    ({ client, inboxId }) => client.inboxes.messages.send(inboxId, { to: 'jane@example.net' }),
  ],
] as const satisfies readonly (readonly [string, readonly unknown[], Call])[];

describe('an answer to the client of AgentMail', () => {
  it('is known here for each of its methods', () => {
    expect(methodsOf(world.aside)).toEqual([...Object.keys(METHODS), ...Object.keys(VENDOR_CALLS)].sort());
  });

  it.each(Object.entries(METHODS))(
    'to %s has the members that the client knows, and those that are ours',
    async (_, { schema, own = [], call }) => {
      const got = await answersTo(() => call(world));
      expect(got.map(({ status }) => status)).toEqual(got.map(() => (schema === undefined ? 204 : 200)));
      expect(got.length).toBeGreaterThan(0);
      if (schema === undefined) return;
      const faults = new Set(got.flatMap((answer) => faultsOf(schema, answer)));
      expect([...faults].sort()).toEqual(own);
    },
    LIVE_MS_MAX,
  );

  it.each(WHOLE)(
    'to %s misses no member of what it is about (%#)',
    async (name, schema, list, never) => {
      const bodies = (await answersTo(() => METHODS[name]?.call(world) ?? Promise.reject())).map(
        ({ body }) => body as object,
      );
      const items =
        list === undefined ? bodies : bodies.flatMap((body) => Reflect.get(body, list) as readonly object[]);
      const members = new Set(items.flatMap((item) => Object.keys(item)));
      expect(schema._getRawProperties().filter((member) => !members.has(member))).toEqual(never);
    },
    LIVE_MS_MAX,
  );
});

describe('a refusal of the client of AgentMail', () => {
  const others = Object.entries(METHODS).filter(([name]) => !NAMES_NOTHING.test(name));
  const naming: readonly (readonly [string, Call])[] = [
    ...others.map(([name, { call }]) => [name, call] as const),
    ...Object.entries(DELETED),
  ];

  /** What the client rejects with. */
  async function refusalOf(call: Call, where: MailboxWorld) {
    let error: unknown;
    const [answer] = await answersTo(async () => {
      error = await Promise.resolve(call(where)).then(
        () => undefined,
        (refused) => refused,
      );
    });
    return { error, answer: answer as Answer };
  }

  it.each(naming)(
    'of %s with what is not there is a 404 in its form',
    async (name, call) => {
      const { error, answer } = await refusalOf(call, nowhere(world));
      expect(error).toMatchObject({ statusCode: 404, body: { code: 'not_found' } });
      expect(error instanceof AgentMail.NotFoundError).toBe(!UNNAMED_404.test(name));
      expect(faultsOf(serialization.ErrorResponse, answer)).toEqual([]);
    },
    LIVE_MS_MAX,
  );

  const asking = Object.entries(METHODS).filter(([name]) => TAKES_FORM.test(name));

  it.each(asking)(
    'of %s with what it does not know is a 400 in its form, which names that',
    async (_, { call }) => {
      const { error, answer } = await refusalOf(call, { ...world, client: world.spoiled });
      const errors = [{ path: expect.arrayContaining(['nonsense']), message: expect.any(String) }];
      expect(error).toMatchObject({ statusCode: 400, body: { code: 'validation_error', errors } });
      expect(faultsOf(serialization.ValidationErrorResponse, answer)).toEqual([]);
    },
    LIVE_MS_MAX,
  );

  it.each(REFUSED)(
    'for %s is the error that it has for that, and in its form',
    async (_, [expected, status, schema], call) => {
      const { error, answer } = await refusalOf(call, world);
      expect(error).toBeInstanceOf(expected);
      expect(answer.status).toBe(status);
      expect(faultsOf(schema, answer)).toEqual([]);
    },
    LIVE_MS_MAX,
  );
});
