// Step 23: webhooks of AgentMail's client: whom they tell of what, with which headers and signatures, in payloads that the client takes.
import { type AgentMail, serialization } from 'agentmail';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { expect, it } from 'vitest';
import { receiver } from '../../support/hook-receiver.ts';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { type Hook, hookOf, orgHook, type ToldBody } from '../../support/proof-events.ts';
import { complaintAbout, handOver } from '../../support/proof-mail.ts';
import { mailAt, type ProofSteps, type ProofWorld, PUBLIC_URL, WITHOUT_POSTFIX } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';
import { publish } from '../../support/zone.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };
const JANE = 'jane@y.com';
const DOMAIN = 'hooks.example.com';
/** Octets of a payload. */
const PAYLOAD_BYTES_MAX = 1_024 ** 2;

const { events: forms } = serialization;
const FORMS = {
  'message.received': forms.MessageReceivedEvent,
  'message.received.spam': forms.MessageReceivedEvent,
  'message.received.blocked': forms.MessageReceivedEvent,
  'message.received.unauthenticated': forms.MessageReceivedEvent,
  'message.sent': forms.MessageSentEvent,
  'message.delivered': forms.MessageDeliveredEvent,
  'message.bounced': forms.MessageBouncedEvent,
  'message.complained': forms.MessageComplainedEvent,
  'message.rejected': forms.MessageRejectedEvent,
  'message.opened': forms.MessageOpenedEvent,
  'domain.verified': forms.DomainVerifiedEvent,
} as const satisfies Record<AgentMail.EventType, unknown>;
const TYPES = Object.keys(FORMS) as AgentMail.EventType[];

/** What the client makes of a payload; it fails at a member that it does not know. */
function parsed(event: ToldBody) {
  return FORMS[event.event_type as AgentMail.EventType].parse(event, { unrecognizedObjectKeys: 'fail' });
}

/** The mail that an event is about. */
const aboutOf = ({ message, send, delivery }: ToldBody) => message ?? send ?? delivery ?? {};

const idsTo = (hook: Hook, inboxIds: readonly string[]): readonly string[] =>
  hook
    .told()
    .map(aboutOf)
    .flatMap(({ inbox_id, message_id }) => (inboxIds.includes(inbox_id) ? [message_id] : []))
    .toSorted();

export const webhooks: ProofSteps = (world) => {
  filters(world);
  requests(world);
  payloads(world);
};

const filters: ProofSteps = (world) => {
  it('23 webhooks.create: it tells of the events, inboxes and pods that it names, or of all of its scope, and of nothing else', async () => {
    const { client, newInbox } = world();
    const { podId } = await client.pods.create({ clientId: 'hooked' });
    const a = await newInbox();
    const [b, c] = [
      (await client.pods.inboxes.create(podId, { username: 'b' })).inboxId,
      (await client.pods.inboxes.create(podId, { username: 'c' })).inboxId,
    ] as const;
    const all = [a, b, c];
    const received = { eventTypes: ['message.received' as const] };
    const { pods, inboxes } = client;
    await using stack = new AsyncDisposableStack();
    const of = async (hook: Promise<Hook>, ...inboxIds: string[]) => ({ hook: stack.use(await hook), inboxIds });
    const ofPod = (wish: Omit<AgentMail.webhooks.CreatePodWebhookRequest, 'url'>) =>
      hookOf(
        (url) => pods.webhooks.create(podId, { ...wish, url }),
        (id) => pods.webhooks.delete(podId, id),
      );
    const ofInbox = hookOf(
      (url) => inboxes.webhooks.create(a, { ...received, url }),
      (id) => inboxes.webhooks.delete(a, id),
    );
    const hooks = [
      await of(orgHook(client, received), ...all),
      await of(orgHook(client, { ...received, inboxIds: [a] }), a),
      await of(orgHook(client, { ...received, podIds: [podId] }), b, c),
      await of(orgHook(client, { ...received, podIds: [podId], inboxIds: [a] }), ...all),
      await of(ofPod(received), b, c),
      await of(ofPod({ ...received, inboxIds: [b] }), b),
      await of(ofInbox, a),
    ];
    const held = stack.use(await orgHook(client, { eventTypes: ['message.received.unauthenticated'], inboxIds: all }));
    const sent = stack.use(await orgHook(client, { eventTypes: ['message.sent'], inboxIds: all }));
    const expected = new Map<string, string[]>(all.map((inboxId) => [inboxId, []]));
    let sentId = '';
    for (const round of [1, 2]) {
      for (const [number, inboxId] of all.entries()) {
        const id = `<hooked-${round}-${number}@y.com>`;
        await handOver(world(), JANE, inboxId, mailOf(id, 'Hi', '', 'Words.'));
        expected.get(inboxId)?.push(id);
      }
      await handOver(world(), 'joe@z.com', a, mailOf(`<forged-${round}@y.com>`, 'Hi', '', 'Words.'));
      if (round === 1) sentId = (await inboxes.messages.send(a, { to: b, subject: 'Hi', text: 'x' })).messageId;
    }
    expected.get(b)?.push(sentId);
    for (const { hook, inboxIds } of hooks) {
      const ids = inboxIds.flatMap((inboxId) => expected.get(inboxId) ?? []).toSorted();
      await expect.poll(() => idsTo(hook, all), POLL).toEqual(ids);
    }
    await expect.poll(() => idsTo(held, all), POLL).toEqual(['<forged-1@y.com>', '<forged-2@y.com>']);
    await expect.poll(() => idsTo(sent, all), POLL).toEqual([sentId]);
    for (const { hook } of hooks)
      expect(new Set(hook.told().map(({ event_type }) => event_type))).toEqual(new Set(['message.received']));

    await stack.disposeAsync();
    for (const inboxId of [b, c]) await inboxes.delete(inboxId);
    await pods.delete(podId);
  });

  it('23 webhooks.update: other events and inboxes, ten of a kind at most; a client id names one webhook', async () => {
    const { client, newInbox } = world();
    const [a, b] = [await newInbox(), await newInbox()];
    const wish = { inboxIds: [a], eventTypes: ['message.received' as const], clientId: 'hook-1' };
    await using hook = await orgHook(client, wish);
    const { webhookId, url } = hook.webhook;
    const { webhooks: ofOrg } = client;
    expect(hook.webhook).toMatchObject({ ...wish, enabled: true, secret: expect.stringMatching(/^whsec_/) });
    expect(await ofOrg.create({ ...wish, url, eventTypes: ['message.sent'] }), 'the same one').toEqual(hook.webhook);
    expect(await ofOrg.get(webhookId)).toEqual(hook.webhook);
    expect((await ofOrg.list()).webhooks).toContainEqual(hook.webhook);
    const many = Array.from({ length: 11 }, () => a);
    for (const wrong of [
      { ...wish, eventTypes: [] },
      { ...wish, inboxIds: many },
      { ...wish, podIds: many },
    ])
      expect(await refusal(ofOrg.create({ ...wrong, url, clientId: 'hook-2' }))).toEqual([400, 'validation_error']);
    expect(
      await refusal(ofOrg.create({ ...wish, url, inboxIds: ['never@agents.example.com'], clientId: 'x' })),
    ).toEqual([...[404, 'not_found']]);

    await handOver(world(), JANE, a, mailOf('<before@y.com>', 'Hi', '', 'Words.'));
    await expect.poll(() => idsTo(hook, [a, b]), POLL).toEqual(['<before@y.com>']);
    const changed = await ofOrg.update(webhookId, { addInboxIds: [b], removeInboxIds: [a] });
    expect(changed).toMatchObject({ inboxIds: [b], eventTypes: ['message.received'], secret: hook.webhook.secret });
    for (const inboxId of [a, b]) await handOver(world(), JANE, inboxId, mailOf('<after@y.com>', 'Hi', '', 'Words.'));
    await expect.poll(() => idsTo(hook, [b]), POLL).toEqual(['<after@y.com>']);
    const narrowed = await ofOrg.update(webhookId, { eventTypes: ['message.sent', 'message.delivered'] });
    expect(narrowed.eventTypes).toEqual(['message.sent', 'message.delivered']);
    expect((await ofOrg.update(webhookId, { eventTypes: [], addInboxIds: [a] })).eventTypes).toEqual(
      narrowed.eventTypes,
    );
    const { messageId } = await client.inboxes.messages.send(b, { to: a, subject: 'Hi', text: 'x' });
    const told = () => hook.told().map((event) => [event.event_type, aboutOf(event).message_id]);
    await expect.poll(told, POLL).toEqual([
      ['message.received', '<before@y.com>'],
      ['message.received', '<after@y.com>'],
      ['message.sent', messageId],
      ['message.delivered', messageId],
    ]);
    expect(idsTo(hook, [a]), 'and nothing of the inbox that was taken away').toEqual(['<before@y.com>']);
  });
};

const requests: ProofSteps = (world) => {
  it('23 headers: they go with each request, are changed and taken away, and their values are shown to nobody', async () => {
    const { client, newInbox } = world();
    const { webhooks: ofOrg } = client;
    const inboxId = await newInbox();
    const headers = { 'X-Key': 'first-value', 'X-Other': 'other-value' };
    await using hook = await orgHook(client, { eventTypes: ['message.received'], inboxIds: [inboxId], headers });
    const { webhookId } = hook.webhook;
    const heard = async (id: string) => {
      await handOver(world(), JANE, inboxId, mailOf(id, 'Hi', '', 'Words.'));
      await expect.poll(() => idsTo(hook, [inboxId]), POLL).toContain(id);
      const request = hook.receiver.requests.find(({ body }) => body.includes(`"${id}"`));
      return [request?.headers['x-key'], request?.headers['x-other'], request?.headers['x-third']];
    };
    expect(await heard('<1@y.com>')).toEqual(['first-value', 'other-value', undefined]);
    expect((await ofOrg.getHeaders(webhookId)).headerNames).toEqual(['X-Key', 'X-Other']);
    await ofOrg.updateHeaders(webhookId, {
      ...{ headers: { 'x-key': 'second-value', 'X-Third': 'third-value' }, removeHeaders: ['x-other'] },
    });
    expect(await heard('<2@y.com>')).toEqual(['second-value', undefined, 'third-value']);
    expect((await ofOrg.getHeaders(webhookId)).headerNames).toEqual(['x-key', 'X-Third']);
    const shown = JSON.stringify([await ofOrg.get(webhookId), await ofOrg.list(), await ofOrg.getHeaders(webhookId)]);
    expect(shown).not.toMatch(/-value/);
    for (const wrong of [
      {},
      { headers: { 'X-Key': 'x' }, removeHeaders: ['x-key'] },
      { headers: { 'webhook-id': 'x' } },
      { headers: { 'X Key': 'x' } },
    ])
      expect(await refusal(ofOrg.updateHeaders(webhookId, wrong))).toEqual([400, 'validation_error']);
  });

  it('23 secret: svix and standardwebhooks check what came, at each attempt the same octets, and nothing that was changed', async () => {
    const { client, newInbox } = world();
    const inboxId = await newInbox();
    await using heard = await receiver(503, 204);
    const wish = { url: heard.url, eventTypes: ['message.received' as const], inboxIds: [inboxId] };
    const { webhookId, secret } = await client.webhooks.create(wish);
    await handOver(world(), JANE, inboxId, mailOf('<1@y.com>', 'Hi', '', 'Words.'));
    await expect.poll(() => heard.requests.length, POLL).toBe(2);
    const [first, second] = heard.requests;
    expect(second?.body).toBe(first?.body);
    for (const name of ['svix-id', 'webhook-id']) expect(second?.headers[name], name).toBe(first?.headers[name]);
    const verifiers = [SvixWebhook, StandardWebhook].map((Verifier) => new Verifier(secret));
    const strangers = [SvixWebhook, StandardWebhook].map((Verifier) => new Verifier(`whsec_${btoa('x'.repeat(24))}`));
    for (const { headers, body } of heard.requests) {
      const told = headers as Record<string, string>;
      for (const verifier of verifiers) {
        expect(verifier.verify(body, told)).toEqual(JSON.parse(body));
        expect(() => verifier.verify(body.replace('Words', 'Swords'), told)).toThrow();
      }
      for (const stranger of strangers) expect(() => stranger.verify(body, told)).toThrow();
    }
    await client.webhooks.delete(webhookId);
    expect(await refusal(client.webhooks.get(webhookId))).toEqual([404, 'not_found']);
  });
};

const payloads: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '23 serialization.events.*.parse accepts the payload of every event, as it happens',
    async () => {
      const { client } = world();
      await using hook = await orgHook(client, { eventTypes: TYPES });
      await everything(world());
      const types = () => new Set(hook.told().map(({ event_type }) => event_type));
      for (const type of TYPES) await expect.poll(types, { ...POLL, message: type }).toContain(type);
      for (const event of hook.told()) expect(parsed(event), event.event_type).toMatchObject({ ok: true });
      const mails = hook.told().flatMap(({ message }) => message ?? []);
      expect(mails.every(({ headers }) => headers['Authentication-Results'])).toBe(true);
      await client.domains.delete(DOMAIN);
    },
  );

  it('23 a payload has at most 1 MiB: one that would have more goes without its texts, which the mail keeps', async () => {
    const { client, newInbox } = world();
    const inboxId = await newInbox();
    await using hook = await orgHook(client, { eventTypes: ['message.received'], inboxIds: [inboxId] });
    const lines = (count: number) => Array.from({ length: count }, (_, line) => `${line} ${'x'.repeat(90)}`);
    const html = (count: number) => ['Content-Type: text/html', '', ...lines(count).map((line) => `<p>${line}</p>`)];
    await handOver(world(), JANE, inboxId, mailOf('<small@y.com>', 'Small', ...html(1_000)));
    await handOver(world(), JANE, inboxId, mailOf('<large@y.com>', 'Large', ...html(12_000)));
    await expect.poll(() => idsTo(hook, [inboxId]), POLL).toEqual(['<large@y.com>', '<small@y.com>']);
    const of = (id: string) => hook.told().find(({ message }) => message.message_id === id) as ToldBody;
    const [small, large] = [of('<small@y.com>'), of('<large@y.com>')];
    for (const event of [small, large]) expect(parsed(event)).toMatchObject({ ok: true });
    expect(small.message.html).toContain('999 xxx');
    const left = 'text, html, extracted_text, extracted_html';
    for (const name of left.split(', ')) expect(large.message, name).not.toHaveProperty(name);
    const { headers = {}, preview, size } = large.message;
    expect([headers['X-Mesh-Left-Out'], preview?.slice(0, 5), size > PAYLOAD_BYTES_MAX]).toEqual([left, '0 xxx', true]);
    for (const { body } of hook.receiver.requests)
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
    expect((await client.inboxes.messages.get(inboxId, '<large@y.com>')).html).toContain('11999 xxx');
  });
};

/** Lets happen whatever there is an event for. */
async function everything(at: ProofWorld): Promise<void> {
  const { client, host, apiKey, zone, postfix, newInbox } = at;
  const { messages, lists } = client.inboxes;
  const [inboxId, other] = [await newInbox(), await newInbox()];
  await handOver(at, JANE, inboxId, mailOf('<received@y.com>', 'Hi', '', 'Words.'));
  await handOver(at, 'joe@z.com', inboxId, mailOf('<held@y.com>', 'Hi', '', 'Words.'));
  await lists.create(inboxId, 'receive', 'block', { entry: 'eve@y.com' });
  const ofEve = mailOf('<blocked@y.com>', 'Hi', '', 'Words.').replace('Jane <jane@y.com>', 'eve@y.com');
  await handOver(at, 'eve@y.com', inboxId, ofEve);
  const spam = await fetch(`${host.url}/api/mailbox/ingest?to=${inboxId}&mail_from=${JANE}`, {
    ...{ method: 'POST', body: mailOf('<spam@y.com>', 'Hi', 'X-Spam-Flag: YES', '', 'Words.') },
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'message/rfc822' },
  });
  expect(spam.status).toBe(200);

  await messages.send(inboxId, { to: other, subject: 'Hi', text: 'Words.' });
  const gone = 'gone-too@mail.example.com';
  await messages.send(inboxId, { to: gone, subject: 'Hi', text: 'Words.' });
  await expect.poll(() => refusal(lists.get(inboxId, 'send', 'block', gone)), POLL).toBe('nothing was refused');
  const suppressed = async () => (await fetch(`${host.url}/api/email/suppressions`)).text();
  await expect.poll(suppressed, POLL).toContain(gone);
  await messages.send(other, { to: gone, subject: 'Hi', text: 'Words.' });

  const tracked = {
    to: 'bob@mail.example.com',
    subject: 'Hi',
    text: 'Words.',
    html: '<p>Words.</p>',
    trackOpens: true,
  };
  const { messageId } = await messages.send(inboxId, tracked);
  const mail = (await mailAt(postfix, 'bob', messageId)).replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
  const picture = new RegExp(`<img src="${PUBLIC_URL}(/v0/opens/[^"]+)"`).exec(mail)?.[1];
  expect((await fetch(`${host.url}${picture}`)).status).toBe(200);
  const { messageId: unwanted } = await messages.send(other, { to: inboxId, subject: 'Hi', text: 'Words.' });
  await handOver(at, 'fbl@y.com', other, complaintAbout(unwanted, '<complains@y.com>'));

  const { records, domainId } = await client.domains.create({ domain: DOMAIN });
  publish(zone, records);
  await client.domains.verify(domainId);
}
