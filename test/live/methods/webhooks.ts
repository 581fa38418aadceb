// Webhooks, of the organization, of an inbox, and of a pod.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';

type Webhooks = Pick<
  AgentMailClient['webhooks'],
  'list' | 'get' | 'getHeaders' | 'create' | 'update' | 'updateHeaders' | 'delete'
>;

const newWish = () => ({
  url: `http://127.0.0.1:9/${newWord()}`,
  eventTypes: ['message.received' as const],
  headers: { 'X-Key': 'k' },
});

const rowsOf = ({ of }: Place<Webhooks>): Rows => ({
  list: answers('one that was made is in the list', async (world) => {
    const { webhookId } = await of(world.aside, world).create(newWish());
    const { webhooks } = await of(world.client, world).list({ limit: 100 });
    expect(webhooks.map((one) => one.webhookId)).toContain(webhookId);
  }),
  get: answers('it is as it was made, with its secret', async (world) => {
    const made = await of(world.aside, world).create(newWish());
    const got = await of(world.client, world).get(made.webhookId);
    expect(got).toEqual(made);
    expect(got.secret).toMatch(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/);
  }),
  getHeaders: answers('the names of its headers, and no value', async (world) => {
    const { webhookId } = await of(world.aside, world).create(newWish());
    expect(await of(world.client, world).getHeaders(webhookId)).toEqual({ headerNames: ['X-Key'] });
  }),
  create: answers('it tells of what was asked for, where that was said', async (world) => {
    const { headers: _, ...wish } = { ...newWish(), clientId: newWord() };
    const made = await of(world.client, world).create(wish);
    expect(made).toMatchObject({ ...wish, enabled: true });
    expect(await of(world.aside, world).create(wish)).toEqual(made);
  }),
  update: answers('the events that are set are read', async (world) => {
    const { webhookId } = await of(world.aside, world).create(newWish());
    const changed = await of(world.client, world).update(webhookId, { eventTypes: ['message.sent'] });
    expect(changed.eventTypes).toEqual(['message.sent']);
    expect(await of(world.aside, world).get(webhookId)).toEqual(changed);
  }),
  updateHeaders: isDone('a header is there, and another is not', async (world) => {
    const { webhookId } = await of(world.aside, world).create(newWish());
    const form = { headers: { 'X-Other': 'o' }, removeHeaders: ['X-Key'] };
    await of(world.client, world).updateHeaders(webhookId, form);
    expect(await of(world.aside, world).getHeaders(webhookId)).toEqual({ headerNames: ['X-Other'] });
  }),
  delete: isDone('it is gone', async (world) => {
    const { webhookId } = await of(world.aside, world).create(newWish());
    await of(world.client, world).delete(webhookId);
    expect(await gone(of(world.aside, world).get(webhookId))).toBe(true);
  }),
});

export const WEBHOOKS = atScopes<Webhooks>(
  'webhooks',
  {
    organization: (client) => client.webhooks,
    inbox: (client) => client.inboxes.webhooks,
    pod: (client) => client.pods.webhooks,
  },
  rowsOf,
);
