// Steps 26 and 27: pods, which keep customers apart, and keys, which open a part of the mailbox.
import type { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { keyed, listening } from '../../support/proof-keys.ts';
import { idsIn, type ProofSteps, type ProofWorld } from '../../support/proof-world.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { publish } from '../../support/zone.ts';

const POLL = { timeout: LIVE_MS_MAX };

/** What a recipient is answered, and what the mail is. */
async function deliver({ smtp }: ProofWorld, to: string, id: string): Promise<string> {
  await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com');
  await talk.say('MAIL FROM:<jane@y.com>');
  const answer = await talk.say(`RCPT TO:<${to}>`);
  if (!answer.startsWith('250')) return answer;
  return (await talk.mail(mailOf(id, `For ${to}`, '', 'See it.')))[0] ?? '';
}

/** A customer: a pod, its inbox `support`, and a key of it. */
async function customer({ client, host }: ProofWorld, clientId: string) {
  const { podId } = await client.pods.create({ clientId });
  const { inboxId } = await client.pods.inboxes.create(podId, { username: 'support', displayName: clientId });
  return { podId, inboxId, ...keyed(host, await client.pods.apiKeys.create(podId, { name: clientId })) };
}

/** In the order of the guide's chapter 13; its `list` takes the pod by other words in today's client. */
async function offboard(client: AgentMailClient, podId: string): Promise<void> {
  for (const { inboxId } of (await client.pods.inboxes.list(podId)).inboxes) await client.inboxes.delete(inboxId);
  for (const { domainId } of (await client.pods.domains.list(podId)).domains) await client.domains.delete(domainId);
  await client.pods.delete(podId);
}

export const pods: ProofSteps = (world) => {
  it('26 pods: two inboxes `support`, each with its own mail, which the other’s key does not find', async () => {
    const { client } = world();
    const [acme, globex] = [await customer(world(), 'acme-123'), await customer(world(), 'globex-456')];
    expect((await client.pods.create({ clientId: 'acme-123', name: 'Other' })).podId).toBe(acme.podId);
    expect([acme.inboxId, globex.inboxId]).toEqual([
      ...['support@acme-123.agents.example.com', 'support@globex-456.agents.example.com'],
    ]);
    for (const [at, { inboxId }] of [acme, globex].entries())
      expect(await deliver(world(), inboxId, `<${at}@y.com>`)).toMatch(/^250/);
    for (const [at, own, other] of [[0, acme, globex] as const, [1, globex, acme] as const]) {
      expect((await own.client.inboxes.list()).inboxes.map(({ inboxId }) => inboxId)).toEqual([own.inboxId]);
      expect((await own.client.pods.list()).pods.map(({ podId }) => podId)).toEqual([own.podId]);
      expect(idsIn(await own.client.inboxes.messages.list(own.inboxId))).toEqual([`<${at}@y.com>`]);
      const { threads } = await own.client.threads.list();
      const theirs = String((await other.client.threads.list()).threads[0]?.threadId);
      expect(threads.map(({ inboxId, subject }) => [inboxId, subject])).toEqual([[own.inboxId, `For ${own.inboxId}`]]);
      expect((await client.pods.threads.list(own.podId)).threads).toEqual(threads);
      for (const call of [
        () => own.client.inboxes.get(other.inboxId),
        () => own.client.inboxes.messages.list(other.inboxId),
        () => own.client.threads.get(theirs),
        () => own.client.pods.threads.get(own.podId, theirs),
        () => own.client.pods.get(other.podId),
        () => own.client.pods.inboxes.get(own.podId, other.inboxId),
        () => own.client.inboxes.messages.send(other.inboxId, { to: own.inboxId, text: 'x' }),
      ])
        expect(await refusal(call())).toEqual([404, 'not_found']);
    }
    for (const { podId } of [acme, globex]) await offboard(client, podId);
  });

  it('26 offboarding: not before its inboxes and its domains are gone; then nothing of the pod is left, and another host may have its address', async () => {
    const { client, host, zone, onCloud, newInbox } = world();
    const stays = await newInbox();
    const { podId, inboxId, client: theirs } = await customer(world(), 'leaving');
    const more = await theirs.inboxes.create();
    expect(more).toMatchObject({ podId, inboxId: expect.stringMatching(/@leaving\.agents\.example\.com$/) });
    const { domainId, records } = await client.pods.domains.create(podId, { domain: 'leaving.example.com' });
    publish(zone, records);
    const webhook = { url: 'http://127.0.0.1:9/hook', eventTypes: ['message.received' as const] };
    const { webhookId } = await client.pods.webhooks.create(podId, webhook);
    const ofInbox = keyed(host, await client.inboxes.apiKeys.create(inboxId, {}));
    expect(await deliver(world(), inboxId, '<last@y.com>')).toMatch(/^250/);

    expect(await refusal(client.pods.delete(podId))).toEqual([403, 'cannot_delete']);
    for (const one of [inboxId, more.inboxId]) await client.inboxes.delete(one);
    expect(await refusal(client.pods.delete(podId)), 'its domain is there').toEqual([403, 'cannot_delete']);
    expect((await theirs.inboxes.list()).count, 'and so is its key').toBe(0);
    expect(await refusal(ofInbox.client.auth.me())).toEqual([401, 'unknown_api_key']);
    await offboard(client, podId);

    expect(await refusal(theirs.inboxes.list())).toEqual([401, 'unknown_api_key']);
    for (const call of [
      () => client.pods.get(podId),
      () => client.pods.get('leaving'),
      () => client.pods.inboxes.list(podId),
      () => client.inboxes.get(inboxId),
      () => client.domains.get(domainId),
      () => client.webhooks.get(webhookId),
      () => client.inboxes.messages.get(inboxId, '<last@y.com>'),
    ])
      expect(await refusal(call())).toEqual([404, 'not_found']);
    expect(await deliver(world(), inboxId, '<late@y.com>')).toMatch(/^550/);
    expect((await client.inboxes.get(stays)).inboxId).toBe(stays);

    const again = await onCloud.pods.create({ clientId: 'leaving' });
    const theirOwn = await onCloud.pods.inboxes.create(again.podId, { username: 'support' });
    expect(theirOwn.inboxId, 'the address is anybody’s').toBe(inboxId);
    await offboard(onCloud, again.podId);
  });

  it('26 the default pod stays, and so does a pod of which only its inboxes are gone', async () => {
    const { client } = world();
    const all = (await client.pods.list({ ascending: true })).pods;
    const [first] = all;
    expect(await refusal(client.pods.delete(String(first?.podId)))).toEqual([403, 'cannot_delete']);
    expect((await client.pods.list({ ascending: true })).pods).toEqual(all);
  });
};

export const keys: ProofSteps = (world) => {
  it('27 keys of three scopes: each finds and makes what is within it, and nothing above', async () => {
    const { client, host, newInbox } = world();
    const outside = await newInbox();
    const pod = await customer(world(), 'scopes');
    const organization = keyed(host, await client.apiKeys.create({ name: 'all' }));
    const inbox = keyed(host, await pod.client.inboxes.apiKeys.create(pod.inboxId, { name: 'one' }));
    const scopes = [];
    for (const { client: one } of [organization, pod, inbox]) {
      const { scopeType, scopeId, podId, inboxId } = await one.auth.me();
      scopes.push([scopeType, scopeId, podId, inboxId]);
    }
    const { organizationId } = await client.auth.me();
    expect(scopes).toEqual([
      ['organization', organizationId, undefined, undefined],
      ['pod', pod.podId, pod.podId, undefined],
      ['inbox', pod.inboxId, pod.podId, pod.inboxId],
    ]);
    const found = async ({ client: one }: { readonly client: AgentMailClient }) =>
      (await one.inboxes.list({ limit: 100 })).inboxes.map(({ inboxId }) => inboxId);
    expect(await found(organization)).toEqual(expect.arrayContaining([outside, pod.inboxId]));
    expect([await found(pod), await found(inbox)]).toEqual([[pod.inboxId], [pod.inboxId]]);
    const names = async ({ client: one }: { readonly client: AgentMailClient }) =>
      (await one.apiKeys.list({ limit: 100 })).apiKeys.map(({ name }) => name);
    expect([await names(pod), await names(inbox)]).toEqual([['one', 'scopes'], ['one']]);
    expect(await names(organization)).toEqual(expect.arrayContaining(['one', 'scopes', 'all']));

    for (const call of [
      () => pod.client.pods.create({}),
      () => pod.client.apiKeys.create({}),
      () => pod.client.pods.delete(pod.podId),
      () => inbox.client.apiKeys.create({}),
      () => inbox.client.inboxes.create({ username: 'above' }),
      () => inbox.client.organizations.get(),
    ])
      expect(await refusal(call())).toEqual([403, 'forbidden']);
    expect(await refusal(inbox.client.pods.apiKeys.create(pod.podId, {})), 'its pod is above it').toEqual([
      ...[404, 'not_found'],
    ]);
    expect(await refusal(pod.client.inboxes.apiKeys.create(outside, {}))).toEqual([404, 'not_found']);
    expect((await pod.client.inboxes.create({ username: 'within' })).podId).toBe(pod.podId);
    await inbox.client.inboxes.delete(pod.inboxId);
    expect(await refusal(inbox.client.auth.me()), 'it ends with what it opened').toEqual([401, 'unknown_api_key']);
    await offboard(client, pod.podId);
    await client.apiKeys.delete(organization.keyId);
  });

  it('27 permissions: what is not allowed is refused, a key makes none that may more, and one that is changed may what it says then', async () => {
    const { client, host, newInbox } = world();
    const inboxId = await newInbox();
    const permissions = { inboxRead: true, messageRead: true, draftCreate: true, apiKeyCreate: true };
    const reader = keyed(host, await client.inboxes.apiKeys.create(inboxId, { name: 'reader', permissions }));
    const { inboxes } = reader.client;
    expect((await inboxes.messages.list(inboxId)).count).toBe(0);
    expect((await inboxes.drafts.create(inboxId, { text: 'x' })).text).toBe('x');
    for (const call of [
      () => inboxes.messages.send(inboxId, { to: inboxId, text: 'x' }),
      () => inboxes.drafts.list(inboxId),
      () => inboxes.update(inboxId, { displayName: 'x' }),
      () => inboxes.webhooks.list(inboxId),
      () => reader.client.metrics.queryEvents(),
      () => inboxes.apiKeys.list(inboxId),
    ])
      expect(await refusal(call())).toEqual([403, 'missing_permission']);

    const child = (more: object) => inboxes.apiKeys.create(inboxId, more);
    const escalation = { permissions: { messageRead: true, messageSend: true } };
    expect(await refusal(child(escalation))).toEqual([403, 'permission_escalation']);
    expect(await refusal(child({}))).toEqual([403, 'unrestricted_key_required']);
    const made = await child({ permissions: { messageRead: true } });
    expect(made).toMatchObject({ inboxId, permissions: { messageRead: true } });
    expect(await refusal(keyed(host, made).client.inboxes.get(inboxId))).toEqual([403, 'missing_permission']);

    await client.inboxes.apiKeys.update(inboxId, reader.keyId, { permissions: { messageSend: true } });
    expect(await refusal(inboxes.messages.list(inboxId))).toEqual([403, 'missing_permission']);
    expect((await inboxes.messages.send(inboxId, { to: inboxId, text: 'x' })).messageId).toMatch(/^<.+>$/);
    const shown = (await client.inboxes.apiKeys.list(inboxId)).apiKeys;
    expect(JSON.stringify(shown)).not.toContain(reader.apiKey);
    expect(shown.find(({ apiKeyId }) => apiKeyId === reader.keyId)).toMatchObject({
      permissions: { messageSend: true },
    });
  });

  it.each(['organization', 'pod', 'inbox'] as const)(
    '27 a key of the %s that is deleted: 401 at once, its socket ends, and who made it may go on',
    async (level) => {
      const { client, host } = world();
      const pod = await customer(world(), `deleted-${level}`);
      const make = {
        organization: () => client.apiKeys.create({}),
        pod: () => client.pods.apiKeys.create(pod.podId, {}),
        inbox: () => client.inboxes.apiKeys.create(pod.inboxId, {}),
      };
      const one = keyed(host, await make[level]());
      await using heard = await listening(one.client, {});
      await heard.hears(1);
      await client.apiKeys.delete(one.keyId);
      expect(await refusal(one.client.auth.me())).toEqual([401, 'unknown_api_key']);
      expect(await refusal(client.apiKeys.get(one.keyId))).toEqual([404, 'not_found']);
      await expect.poll(() => heard.closed, POLL).toContain(1008);
      expect((await client.auth.me()).scopeType).toBe('organization');
      await offboard(client, pod.podId);
    },
  );
};
