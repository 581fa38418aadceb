// Keys of the organization, of an inbox, and of a pod, and who one is by a key.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';

type Keys = Pick<AgentMailClient['apiKeys'], 'list' | 'create' | 'update' | 'delete'>;

const READING = { permissions: { inboxRead: true, messageRead: true } };

const rowsOf = ({ of }: Place<Keys>): Rows => ({
  list: answers('one that was made is in the list, without its text', async (world) => {
    const { apiKeyId, name } = await of(world.aside, world).create({ name: newWord() });
    const { apiKeys } = await of(world.client, world).list({ limit: 100 });
    const [found] = apiKeys.filter((one) => one.apiKeyId === apiKeyId);
    expect(found).toMatchObject({ apiKeyId, name, type: 'bearer' });
    expect(found).not.toHaveProperty('apiKey');
  }),
  create: answers('it has the name and the permissions that were asked for, and its text', async (world) => {
    const wish = { name: newWord(), ...READING };
    const made = await of(world.client, world).create(wish);
    expect(made).toMatchObject({ ...wish, apiKey: expect.stringMatching(/^am_[A-Za-z0-9]{43}$/) });
    expect('apiKey' in made && made.apiKey.startsWith(made.prefix)).toBe(true);
  }),
  update: answers('the name and the permissions that are set are read', async (world) => {
    const { apiKeyId } = await of(world.aside, world).create({ name: newWord() });
    const form = { name: newWord(), ...READING };
    const changed = await of(world.client, world).update(apiKeyId, form);
    expect(changed).toMatchObject({ apiKeyId, ...form });
    expect(await world.aside.apiKeys.get(apiKeyId)).toEqual(changed);
  }),
  delete: isDone('it is gone', async (world) => {
    const { apiKeyId } = await of(world.aside, world).create({ name: newWord() });
    await of(world.client, world).delete(apiKeyId);
    expect(await gone(world.aside.apiKeys.get(apiKeyId))).toBe(true);
  }),
});

export const KEYS: Rows = {
  ...atScopes<Keys>(
    'apiKeys',
    {
      organization: (client) => client.apiKeys,
      inbox: (client) => client.inboxes.apiKeys,
      pod: (client) => client.pods.apiKeys,
    },
    rowsOf,
  ),
  'apiKeys.get': answers('a key of an inbox says which one', async ({ client, inboxKeyId, inboxId }) => {
    const key = await client.apiKeys.get(inboxKeyId);
    expect(key).toMatchObject({ apiKeyId: inboxKeyId, type: 'bearer', name: 'mine', inboxId });
  }),
  'auth.me': answers('the key of an inbox is that, and of that inbox', async ({ ofInbox, inboxId, inboxKeyId }) => {
    const me = await ofInbox.auth.me();
    expect(me).toMatchObject({ scopeType: 'inbox', scopeId: inboxId, inboxId, apiKeyId: inboxKeyId });
  }),
};
