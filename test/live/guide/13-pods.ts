// Chapter 13: one customer's inboxes apart from another's.
import { expect } from 'vitest';
import type { SamplesOf } from '../../support/guide.ts';
import { refusal } from '../../support/live-mailbox.ts';

export const pods: SamplesOf<13> = {
  'Why Pods matter': async ({ client, receive, withKey }) => {
    const podA = await client.pods.create({ clientId: 'tenant-acme-123' });
    const podB = await client.pods.create({ clientId: 'tenant-globex-456' });
    expect((await client.pods.create({ clientId: 'tenant-acme-123' })).podId, 'idempotent').toBe(podA.podId);
    const wish = (displayName: string) => ({ username: 'support', displayName });
    const inboxA = await client.pods.inboxes.create(podA.podId, wish('Acme Support'));
    const inboxB = await client.pods.inboxes.create(podB.podId, wish('Globex Support'));
    expect([inboxA, inboxB]).toMatchObject([
      { inboxId: 'support@tenant-acme-123.agents.example.com', podId: podA.podId, displayName: 'Acme Support' },
      { inboxId: 'support@tenant-globex-456.agents.example.com', podId: podB.podId, displayName: 'Globex Support' },
    ]);
    await receive(inboxA.inboxId, 'For Acme', '', 'Hello.');
    expect((await client.pods.threads.list(podA.podId)).threads.map(({ subject }) => subject)).toEqual(['For Acme']);
    expect((await client.pods.threads.list(podB.podId)).count).toBe(0);
    const { apiKey } = (await client.pods.apiKeys.create(podB.podId, { name: 'Globex' })) as { apiKey: string };
    expect(await refusal(withKey(apiKey).inboxes.messages.list(inboxA.inboxId))).toEqual([404, 'not_found']);
  },

  'Per-pod API keys': async ({ client, withKey, receive }) => {
    const { podId } = await client.pods.create({ clientId: 'tenant-keys' });
    const inbox = await client.pods.inboxes.create(podId, { username: 'support' });
    const { inboxId: other } = await client.pods.inboxes.create(podId, { username: 'sales' });
    const inboxKey = await client.inboxes.apiKeys.create(inbox.inboxId, { name: 'support-inbox-key' });
    const service = withKey((inboxKey as { apiKey: string }).apiKey);
    await receive(inbox.inboxId, 'For support', '', 'Hello.');
    expect((await service.threads.list()).threads.map(({ subject }) => subject)).toEqual(['For support']);
    expect(await refusal(service.inboxes.get(other)), 'only the support inbox').toEqual([404, 'not_found']);
    const podKey = await client.pods.apiKeys.create(podId, { name: 'customer-service' });
    const customer = withKey((podKey as { apiKey: string }).apiKey);
    const seen = (await customer.inboxes.list()).inboxes.map(({ inboxId }) => inboxId);
    expect(seen.toSorted()).toEqual([inbox.inboxId, other].toSorted());
  },

  // What the guide lists by `inboxes.list(podId)` and `domains.list({ podId })`, the client has below `pods`.
  'Pod lifecycle': async ({ client }) => {
    const { podId } = await client.pods.create({ name: 'Churning' });
    for (const username of ['support', 'sales']) await client.pods.inboxes.create(podId, { username });
    await client.pods.domains.create(podId, { domain: 'churning.example.net' });
    expect(await refusal(client.pods.delete(podId)), 'it has resources').toEqual([403, 'cannot_delete']);

    for (const { inboxId } of (await client.pods.inboxes.list(podId)).inboxes) await client.inboxes.delete(inboxId);
    expect(await refusal(client.pods.delete(podId)), 'it has a domain').toEqual([403, 'cannot_delete']);
    for (const { domainId } of (await client.pods.domains.list(podId)).domains) await client.domains.delete(domainId);
    await client.pods.delete(podId);
    expect(await refusal(client.pods.get(podId))).toEqual([404, 'not_found']);
  },
};
