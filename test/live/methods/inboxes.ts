// Inboxes, of the organization and of a pod, and what changed in one.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';

type OfInboxes = AgentMailClient['inboxes'];

interface Inboxes extends Pick<OfInboxes, 'list' | 'search' | 'get' | 'update' | 'delete'> {
  /** Below a pod none is made without a form. */
  create(wish: NonNullable<Parameters<OfInboxes['create']>[0]>): ReturnType<OfInboxes['create']>;
}

const rowsOf = ({ of }: Place<Inboxes>): Rows => ({
  list: answers('the newest one comes first, on a page of one', async (world) => {
    const { inboxId } = await of(world.aside, world).create({});
    const page = await of(world.client, world).list({ limit: 1 });
    expect(page).toMatchObject({ count: 1, limit: 1, inboxes: [{ inboxId }], nextPageToken: expect.any(String) });
  }),
  search: answers('one is found by the beginning of a word of its name', async (world) => {
    const word = newWord();
    const { inboxId } = await of(world.aside, world).create({ displayName: `The ${word}` });
    const found = await of(world.client, world).search({ q: word.slice(0, -1) });
    expect(found.inboxes.map((one) => one.inboxId)).toContain(inboxId);
    expect(found.inboxes.every(({ displayName }) => displayName?.startsWith('The zephyr'))).toBe(true);
  }),
  get: answers('it is as it was made', async (world) => {
    const made = await of(world.aside, world).create({ displayName: 'As made', metadata: { plan: 'free' } });
    const got = await of(world.client, world).get(made.inboxId);
    expect(got).toEqual(made);
    expect(got).toMatchObject({ email: made.inboxId, displayName: 'As made', metadata: { plan: 'free' } });
  }),
  create: answers('it has the name, the client id and the metadata that were asked for', async (world) => {
    const word = newWord();
    const wish = { username: word, displayName: 'Made', clientId: word, metadata: { seats: 3, paid: true } };
    const { username, ...kept } = wish;
    const made = await of(world.client, world).create(wish);
    expect(made).toMatchObject({ ...kept, inboxId: expect.stringMatching(new RegExp(`^${username}@`)) });
    expect(await of(world.aside, world).create(wish)).toEqual(made);
  }),
  update: answers('the name that is set is read, and metadata is merged', async (world) => {
    const { inboxId } = await of(world.aside, world).create({
      displayName: 'Old',
      metadata: { plan: 'free', seats: 1 },
    });
    const form = { displayName: 'New', metadata: { seats: 2 } };
    const changed = await of(world.client, world).update(inboxId, form);
    expect(changed).toMatchObject({ displayName: 'New', metadata: { plan: 'free', seats: 2 } });
    expect(await of(world.aside, world).get(inboxId)).toEqual(changed);
  }),
  delete: isDone('it is gone', async (world) => {
    const { inboxId } = await of(world.aside, world).create({});
    await of(world.client, world).delete(inboxId);
    expect(await gone(world.aside.inboxes.get(inboxId))).toBe(true);
  }),
});

const EVENTS: Rows = {
  'inboxes.events.list': answers('a label that was set is the newest change', async ({ client, aside, inboxId }) => {
    const label = newWord();
    const { messageId } = await aside.inboxes.messages.send(inboxId, { to: inboxId, text: 'Hello' });
    await aside.inboxes.messages.update(inboxId, messageId, { addLabels: [label] });
    const { events } = await client.inboxes.events.list(inboxId, { limit: 1 });
    expect(events).toMatchObject([{ eventType: 'label.added', label, messageId, inboxId }]);
  }),
};

export const INBOXES: Rows = {
  ...atScopes<Inboxes>(
    'inboxes',
    { organization: (client) => client.inboxes, pod: (client) => client.pods.inboxes },
    rowsOf,
  ),
  ...EVENTS,
};
