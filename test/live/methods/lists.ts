// Lists of whom an inbox hears from and writes to, of the organization, of an inbox, and of a pod.
import type { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import { answers, atScopes, gone, isDone, newWord, type Place, type Rows } from '../../support/method-rows.ts';

type Lists = Pick<AgentMailClient['lists'], 'list' | 'get' | 'create' | 'delete'>;

const newEntry = () => ({ entry: `${newWord()}.example`, reason: 'spam' });

const rowsOf = ({ of }: Place<Lists>): Rows => ({
  list: answers('an entry that was made is in its list', async (world) => {
    const made = await of(world.aside, world).create('receive', 'block', newEntry());
    const { entries } = await of(world.client, world).list('receive', 'block');
    expect(entries).toContainEqual(made);
  }),
  get: answers('an entry is as it was made', async (world) => {
    const wish = newEntry();
    const made = await of(world.aside, world).create('send', 'block', wish);
    const got = await of(world.client, world).get('send', 'block', wish.entry);
    expect(got).toEqual(made);
    expect(got).toMatchObject({ ...wish, direction: 'send', listType: 'block', entryType: 'domain' });
  }),
  create: answers('an address is one, in the list that was named, and there', async (world) => {
    const wish = { entry: `jane@${newEntry().entry}`, reason: 'asked for no more' };
    const made = await of(world.client, world).create('reply', 'block', wish);
    expect(made).toMatchObject({ ...wish, direction: 'reply', listType: 'block', entryType: 'email' });
    expect(await of(world.aside, world).get('reply', 'block', wish.entry)).toEqual(made);
  }),
  delete: isDone('the entry is gone', async (world) => {
    const { entry } = await of(world.aside, world).create('receive', 'block', newEntry());
    await of(world.client, world).delete('receive', 'block', entry);
    expect(await gone(of(world.aside, world).get('receive', 'block', entry))).toBe(true);
  }),
});

export const LISTS = atScopes<Lists>(
  'lists',
  {
    organization: (client) => client.lists,
    inbox: (client) => client.inboxes.lists,
    pod: (client) => client.pods.lists,
  },
  rowsOf,
);
