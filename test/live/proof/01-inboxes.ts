// Steps 1 to 5: inboxes, whose addresses are one owner's in the whole mesh.
import { expect, it } from 'vitest';
import { Client } from '../../support/live.ts';
import { refusal } from '../../support/live-mailbox.ts';
import type { ProofSteps } from '../../support/proof-world.ts';

export const inboxes: ProofSteps = (world) => {
  it('1 auth.me: the key is one of the organization', async () => {
    const me = await world().client.auth.me();
    expect(me).toMatchObject({ scopeType: 'organization', scopeId: me.organizationId });
  });

  it('2 inboxes.create: a name is drawn, and the address is in the index of the mesh', async () => {
    const { client, host } = world();
    const { inboxId } = await client.inboxes.create();
    expect(inboxId).toMatch(/^agent-[a-z2-7]{8}@agents\.example\.com$/);
    await using asking = new Client();
    const index = await asking.expect(host, 'GET', `/api/agents/email-index?address=${inboxId}`);
    expect(index.body).toHaveProperty([inboxId, 'hostId'], 'mac');
  });

  it('3 inboxes.create twice with one client id: one inbox', async () => {
    const { client } = world();
    const wish = { username: 'idempotent', clientId: 'user-123-inbox-primary' };
    const first = await client.inboxes.create(wish);
    expect(await client.inboxes.create(wish)).toEqual(first);
    expect((await client.inboxes.search({ q: 'idempotent' })).inboxes).toEqual([first]);
  });

  it('4 inboxes.create of an address that is taken, here and on another host: 403, and nothing is left', async () => {
    const { client, onCloud, cloud } = world();
    await client.inboxes.create({ username: 'taken' });
    expect(await refusal(client.inboxes.create({ username: 'taken' }))).toEqual([403, 'resource_taken']);
    expect(await refusal(onCloud.inboxes.create({ username: 'taken' }))).toEqual([403, 'resource_taken']);
    expect((await onCloud.inboxes.list()).count).toBe(0);
    await using asking = new Client();
    expect((await asking.expect(cloud, 'GET', '/api/agents')).body.agents).toEqual([]);
  });

  it('5 inboxes.list, get, search, update: metadata is merged, and cleared by null', async () => {
    const { client } = world();
    const made = [
      await client.inboxes.create({ username: 'older', displayName: 'Acme Desk' }),
      await client.inboxes.create({ username: 'newer', clientId: 'newer' }),
    ];
    const [older, newer] = made.map(({ inboxId }) => inboxId) as [string, string];
    const listed = (await client.inboxes.list({ limit: 2 })).inboxes;
    expect(listed.map(({ inboxId }) => inboxId)).toEqual([newer, older]);
    expect(await client.inboxes.get(newer)).toEqual(made[1]);
    expect((await client.inboxes.search({ q: 'acme de' })).inboxes).toEqual([made[0]]);
    const changed = await client.inboxes.update(older, { metadata: { plan: 'free', seats: 3 } });
    expect(changed.metadata).toEqual({ plan: 'free', seats: 3 });
    const merged = await client.inboxes.update(older, { metadata: { seats: 4 } });
    expect(merged.metadata).toEqual({ plan: 'free', seats: 4 });
    expect((await client.inboxes.update(older, { metadata: null })).metadata).toBeUndefined();
  });
};
