// What was counted, pods, and the organization.
import type { AgentMail, AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { MailboxWorld } from '../../support/mailbox-calls.ts';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

type Metrics = Pick<AgentMailClient['metrics'], 'queryEvents' | 'queryUsage'>;

const EVENTS = { eventTypes: ['message.sent' as const] };
const USAGE = { usageTypes: ['message_count' as const], descending: true, limit: 1 };
const POLL = { timeout: LIVE_MS_MAX, interval: 200 };

const sentIn = (figures: AgentMail.QueryMetricsResponse) =>
  (figures['message.sent'] ?? []).reduce((sum, { count }) => sum + count, 0);
const messagesIn = (figures: AgentMail.QueryUsageResponse) => figures.message_count?.[0]?.value;

const send = ({ aside }: MailboxWorld, inboxId: string) =>
  aside.inboxes.messages.send(inboxId, { to: inboxId, text: 'Hello' });

const rowsOf = ({ of, inboxOf }: Place<Metrics>): Rows => ({
  queryEvents: answers('one mail more was sent', async (world) => {
    const before = sentIn(await of(world.aside, world).queryEvents(EVENTS));
    await send(world, inboxOf(world));
    await expect.poll(async () => sentIn(await of(world.aside, world).queryEvents(EVENTS)), POLL).toBe(before + 1);
    expect(sentIn(await of(world.client, world).queryEvents(EVENTS))).toBe(before + 1);
  }),
  queryUsage: answers('one message more is kept', async (world) => {
    const before = messagesIn(await of(world.aside, world).queryUsage(USAGE)) ?? expect.fail('no figure');
    await send(world, inboxOf(world));
    await expect.poll(async () => messagesIn(await of(world.aside, world).queryUsage(USAGE)), POLL).toBe(before + 1);
    expect(messagesIn(await of(world.client, world).queryUsage(USAGE))).toBe(before + 1);
  }),
});

const PODS: Rows = {
  'pods.list': answers('one that was made is in the list', async ({ client, aside }) => {
    const { podId } = await aside.pods.create({ name: newWord() });
    expect((await client.pods.list({ limit: 100 })).pods.map((pod) => pod.podId)).toContain(podId);
  }),
  'pods.get': answers('it has its name and its client id', async ({ client, podId }) => {
    expect(await client.pods.get(podId)).toMatchObject({ podId, name: 'Acme', clientId: 'acme' });
  }),
  'pods.create': answers('it has the name that was asked for, and is one for its client id', async (world) => {
    const wish = { name: 'Made', clientId: newWord() };
    const made = await world.client.pods.create(wish);
    expect(made).toMatchObject(wish);
    expect(await world.aside.pods.create(wish)).toEqual(made);
  }),
  'pods.delete': isDone('it is gone', async ({ client, aside }) => {
    const { podId } = await aside.pods.create({ name: 'Gone' });
    await client.pods.delete(podId);
    expect(await gone(aside.pods.get(podId))).toBe(true);
  }),
};

export const FIGURES: Rows = {
  ...atScopes<Metrics>(
    'metrics',
    {
      organization: (client) => client.metrics,
      inbox: (client) => client.inboxes.metrics,
      pod: (client) => client.pods.metrics,
    },
    rowsOf,
  ),
  ...PODS,
  'organizations.get': answers('one inbox more is there', async ({ client, aside }) => {
    const { organizationId, inboxCount } = await aside.organizations.get();
    await aside.inboxes.create();
    expect(await client.organizations.get()).toMatchObject({ organizationId, inboxCount: inboxCount + 1 });
  }),
};
