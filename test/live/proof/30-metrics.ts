// Step 30: what is counted, held against a history that the test counts itself, on a node of its own, where nothing else happens.
import type { AgentMail, AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { type LiveMailbox, liveMailbox, mailOf } from '../../support/live-mailbox.ts';
import { accountsFile, download, type ProofSteps, WITHOUT_POSTFIX } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { publish } from '../../support/zone.ts';

const POLL = { timeout: LIVE_MS_MAX };
const HOUR_SECONDS = 3_600;
const NOBODY = 'nobody@mail.example.com';

type Counts = Readonly<Record<string, number>>;
type Scoped = 'organization' | 'pod' | 'a' | 'b' | 'other';

interface Ids {
  readonly podId: string;
  readonly a: string;
  readonly b: string;
  /** In the default pod. */
  readonly other: string;
}

/** What each scope is asked by. */
function metricsOf(client: AgentMailClient, { podId, ...inboxes }: Ids) {
  const ofInbox = (inboxId: string) => ({
    events: (asked: AgentMail.QueryEventsRequest = {}) => client.inboxes.metrics.queryEvents(inboxId, asked),
    usage: (asked: AgentMail.QueryUsageRequest = {}) => client.inboxes.metrics.queryUsage(inboxId, asked),
    stats: `/api/mailbox/inboxes/${inboxId}/stats`,
  });
  return {
    organization: {
      events: (asked: AgentMail.QueryEventsRequest = {}) => client.metrics.queryEvents(asked),
      usage: (asked: AgentMail.QueryUsageRequest = {}) => client.metrics.queryUsage(asked),
      stats: '/api/mailbox/stats',
    },
    pod: {
      events: (asked: AgentMail.QueryEventsRequest = {}) => client.pods.metrics.queryEvents(podId, asked),
      usage: (asked: AgentMail.QueryUsageRequest = {}) => client.pods.metrics.queryUsage(podId, asked),
      stats: `/api/mailbox/pods/${podId}/stats`,
    },
    ...{ a: ofInbox(inboxes.a), b: ofInbox(inboxes.b), other: ofInbox(inboxes.other) },
  };
}

/** The history: who got and sent what, and what came of it. */
async function live({ client, send, byLmtp, zone, host, apiKey }: LiveMailbox, { podId, a, b, other }: Ids) {
  const { messages } = client.inboxes;
  for (const id of ['<1@y.com>', '<2@y.com>', '<3@y.com>']) await send(a, mailOf(id, id, '', 'Words.'));
  await send(a, mailOf('<4@y.com>', 'Nobody’s', '', 'Words.'), ...byLmtp);
  await client.lists.create('receive', 'block', { entry: 'spam@y.com' });
  await send(a, mailOf('<5@y.com>', 'x', '', 'Words.').replace('Jane <jane@y.com>', 'spam@y.com'));
  await send(b, mailOf('<6@y.com>', 'Six', '', 'Words.'));
  await send(other, mailOf('<7@y.com>', 'Seven', '', 'Words.'));
  // To an inbox of this host, to a server that takes it, and to one that does not.
  const question = await messages.send(a, { to: b, subject: 'Question', text: 'When?' });
  await messages.reply(b, question.messageId, { text: 'Now.' });
  await messages.send(a, { to: 'catch@mail.example.com', subject: 'Out', text: 'Words.' });
  await messages.forward(a, '<1@y.com>', { to: 'catch@mail.example.com' });
  await messages.send(a, { to: NOBODY, subject: 'Lost', text: 'Words.' });
  await messages.delete(a, '<3@y.com>');
  const { domainId, records } = await client.pods.domains.create(podId, { domain: 'counted.example.com' });
  publish(zone, records);
  await client.domains.verify(domainId);
  // Work on two mails, one of which ends.
  const own = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
    const response = await fetch(`${host.url}/api/mailbox/inboxes/${a}${path}`, {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    return (await response.json()) as { claims: [{ lease: string; message: { message_id: string } }] };
  };
  const [{ lease, message }] = (await own('/claim', { worker: 'w' })).claims;
  await own(`/messages/${encodeURIComponent(message.message_id)}/complete`, { lease });
  await own('/claim', { worker: 'w' });
}

/** By hand, of the history. */
const EVENTS: Readonly<Record<Scoped, Counts>> = {
  a: {
    ...{ 'message.received': 4, 'message.received.unauthenticated': 1, 'message.received.blocked': 1 },
    ...{ 'message.sent': 3, 'message.delivered': 1, 'message.bounced': 1 },
  },
  b: { 'message.received': 2, 'message.sent': 1, 'message.delivered': 1 },
  other: { 'message.received': 1 },
  pod: {
    ...{ 'message.received': 6, 'message.received.unauthenticated': 1, 'message.received.blocked': 1 },
    ...{ 'message.sent': 4, 'message.delivered': 2, 'message.bounced': 1, 'domain.verified': 1 },
  },
  organization: {
    ...{ 'message.received': 7, 'message.received.unauthenticated': 1, 'message.received.blocked': 1 },
    ...{ 'message.sent': 4, 'message.delivered': 2, 'message.bounced': 1, 'domain.verified': 1 },
  },
};
/** Of each inbox: the mails that are there, and their threads. */
const MAILS = { a: [9, 7], b: [3, 2], other: [1, 1] } as const;
const STATS = {
  a: {
    ...{ received: 4, held_back: 2, sent: 3, delivered: 1, bounced: 1, replied: 1, forwarded: 1, bounce_rate: 0.25 },
    ...{ forward_rate: 0.3333, delivery_rate: 0.25, complaint_rate: 0, open_rate: 0, reply_rate: 0.25 },
    ...{ work_completed: 1, work_failed: 0, work_failure_rate: 0, unread: 2, queue_depth: 1 },
  },
  b: { received: 2, held_back: 0, sent: 1, replied: 0, forwarded: 0, unread: 2, queue_depth: 2 },
  organization: { received: 7, held_back: 2, sent: 4, bounced: 1, work_completed: 1, unread: 5, queue_depth: 4 },
};

const totals = (answer: AgentMail.QueryMetricsResponse): Counts =>
  Object.fromEntries(
    Object.entries(answer)
      .map(([type, points]) => [type, points.reduce((sum, { count }) => sum + count, 0)] as const)
      .filter(([, count]) => count > 0),
  );
/** The newest value of each type. */
const newest = (answer: AgentMail.QueryUsageResponse): Counts =>
  Object.fromEntries(Object.entries(answer).map(([type, points]) => [type, points.at(-1)?.value ?? -1]));

/** The octets of all mails of an inbox, as they are downloaded. */
async function octetsIn(client: AgentMailClient, inboxId: string): Promise<number> {
  const asked = { limit: 100, includeUnauthenticated: true, includeBlocked: true };
  let octets = 0;
  for (const { messageId } of (await client.inboxes.messages.list(inboxId, asked)).messages)
    octets += (await download((await client.inboxes.messages.getRaw(inboxId, messageId)).downloadUrl)).length;
  return octets;
}

export const metrics: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '30 metrics, usage and stats: of an inbox, a pod and the organization, they are those of a history that was counted by hand',
    async () => {
      await using stack = new AsyncDisposableStack();
      const at = stack.use(await liveMailbox('--send-accounts', accountsFile(stack, world().postfix)));
      const { client } = at;
      const begunAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
      const { podId } = await client.pods.create({ clientId: 'counted' });
      const ofPod = async (username: string) => (await client.pods.inboxes.create(podId, { username })).inboxId;
      const other = (await client.inboxes.create({ username: 'other' })).inboxId;
      const ids = { podId, a: await ofPod('a'), b: await ofPod('b'), other };
      await live(at, ids);

      const asked = metricsOf(client, ids);
      const scopes = Object.keys(asked) as Scoped[];
      const counted = async () =>
        Object.fromEntries(await Promise.all(scopes.map(async (one) => [one, totals(await asked[one].events())])));
      await expect.poll(counted, { ...POLL, interval: 500 }).toEqual(EVENTS);

      // The same in buckets, in the other order, of some types, and of some time.
      for (const one of scopes) {
        const hours = await asked[one].events({ period: HOUR_SECONDS });
        expect(totals(hours)).toEqual(EVENTS[one]);
        const sent = await asked[one].events({ eventTypes: ['message.sent'], descending: true, start: begunAt });
        expect(Object.keys(sent)).toEqual(['message.sent']);
        const points = sent['message.sent'] ?? [];
        expect(points.map(({ timestamp }) => timestamp)).toEqual(
          points.map(({ timestamp }) => timestamp).toSorted((x, y) => y.getTime() - x.getTime()),
        );
        const before = { start: new Date(begunAt.getTime() - 60_000), end: new Date(begunAt.getTime() - 1_000) };
        expect(totals(await asked[one].events(before)), 'and nothing before').toEqual({});
      }

      const bytes = {
        a: await octetsIn(client, ids.a),
        b: await octetsIn(client, ids.b),
        other: await octetsIn(client, other),
      };
      const usageOf = async (one: Scoped) => newest(await asked[one].usage());
      for (const one of ['a', 'b', 'other'] as const)
        expect([one, await usageOf(one)]).toEqual([
          one,
          { storage_bytes: bytes[one], message_count: MAILS[one][0], thread_count: MAILS[one][1] },
        ]);
      const pod = {
        storage_bytes: bytes.a + bytes.b,
        message_count: 12,
        thread_count: 9,
        inbox_count: 2,
        domain_count: 1,
      };
      expect(await usageOf('pod')).toEqual(pod);
      expect(await usageOf('organization')).toEqual({
        ...{ storage_bytes: pod.storage_bytes + bytes.other, message_count: 13, thread_count: 10 },
        ...{ inbox_count: 3, domain_count: 1, pod_count: 2 },
      });
      expect(await client.organizations.get()).toMatchObject({ inboxCount: 3, domainCount: 1 });

      const statsOf = async (one: Scoped) => {
        const response = await fetch(at.host.url + asked[one].stats, {
          headers: { authorization: `Bearer ${at.apiKey}` },
        });
        return response.json();
      };
      for (const one of ['a', 'b', 'organization'] as const)
        expect([one, await statsOf(one)]).toMatchObject([one, STATS[one]]);
      const gauges = async () => {
        const lines = await (await fetch(`${at.host.url}/metrics`)).text();
        return ['unread', 'queue_depth'].map((name) =>
          Number(new RegExp(`^mesh_mailbox_${name} (\\d+)$`, 'm').exec(lines)?.[1]),
        );
      };
      await expect.poll(gauges, { ...POLL, interval: 500 }).toEqual([5, 4]);

      await client.inboxes.delete(ids.b);
      await expect
        .poll(() => usageOf('pod'), POLL)
        .toEqual({
          ...{ storage_bytes: bytes.a, message_count: 9, thread_count: 7, inbox_count: 1, domain_count: 1 },
        });
      expect(totals(await asked.pod.events())).toEqual({ ...EVENTS.a, 'domain.verified': 1 });
    },
  );
};
