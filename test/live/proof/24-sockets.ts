// Step 24: sockets of AgentMail's client: what they hear, and that they hear all of it, though the node goes away meanwhile.
import { once } from 'node:events';
import { AgentMailClient } from 'agentmail';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { mailOf } from '../../support/live-mailbox.ts';
import { type Listening, listening } from '../../support/proof-events.ts';
import { handOver } from '../../support/proof-mail.ts';
import type { ProofSteps } from '../../support/proof-world.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2, interval: 100 };
const JANE = 'jane@y.com';
/** The node stops, and comes again (RFC 6455's registry of codes). */
const RESTARTING = 1012;

/** Ids of the mails that a socket was told of, in the order in which it was. */
function idsHeard({ events }: Listening): readonly string[] {
  return events().flatMap(({ message }) => (message as { readonly messageId?: string } | undefined)?.messageId ?? []);
}

export const sockets: ProofSteps = (world) => {
  it('24 filters: a socket hears of the events, inboxes and pods that it names, else of all but quarantine; a later subscription takes the place of the one before', async () => {
    const { client, host, newInbox } = world();
    const { podId } = await client.pods.create({ clientId: 'heard' });
    const a = await newInbox();
    const { inboxId: b } = await client.pods.inboxes.create(podId, { username: 'b' });
    const key = await client.pods.apiKeys.create(podId, { name: 'of the pod' });
    if (!('apiKey' in key)) expect.fail('A key was asked for, and what came has no text.');
    const ofPod = new AgentMailClient({ apiKey: key.apiKey, baseUrl: host.url });
    const TYPE = 'message.received.unauthenticated' as const;
    using everything = await listening(client);
    using inbox = await listening(client, { inboxIds: [a] });
    using pod = await listening(client, { podIds: [podId] });
    using either = await listening(client, { podIds: [podId], inboxIds: [a], eventTypes: ['message.received'] });
    using held = await listening(client, { eventTypes: [TYPE] });
    using inPod = await listening(ofPod);
    const arrive = async (id: string, inboxId: string, from = JANE) =>
      await handOver(world(), from, inboxId, mailOf(id, 'Hi', '', 'Words.'));
    await arrive('<a1@y.com>', a);
    await arrive('<b1@y.com>', b);
    await arrive('<forged@y.com>', a, 'joe@z.com');
    const expectHeard = async (at: Listening, ...ids: string[]) =>
      await expect.poll(() => idsHeard(at), POLL).toEqual(ids);
    await expectHeard(everything, '<a1@y.com>', '<b1@y.com>');
    await expectHeard(inbox, '<a1@y.com>');
    await expectHeard(pod, '<b1@y.com>');
    await expectHeard(either, '<a1@y.com>', '<b1@y.com>');
    await expectHeard(held, '<forged@y.com>');
    await expectHeard(inPod, '<b1@y.com>');
    const [frame] = inbox.events();
    expect(frame).toMatchObject({
      ...{ type: 'event', eventType: 'message.received', thread: { messageCount: 1 } },
      message: { inboxId: a, subject: 'Hi', text: expect.stringContaining('Words.') },
    });
    const authentication = { spf: 'pass', dkim: 'none', dmarc: 'pass' };
    expect(frame).toHaveProperty('message.authentication_results', authentication);

    await inbox.subscribe({ inboxIds: [b], eventTypes: ['message.received'] });
    expect(inbox.answers().at(-1)).toMatchObject({ inboxIds: [b], eventTypes: ['message.received'] });
    await arrive('<a2@y.com>', a);
    await arrive('<b2@y.com>', b);
    await expectHeard(inbox, '<a1@y.com>', '<b2@y.com>');
    await expectHeard(everything, '<a1@y.com>', '<b1@y.com>', '<a2@y.com>', '<b2@y.com>');
    await expectHeard(inPod, '<b1@y.com>', '<b2@y.com>');

    inPod.socket.sendSubscribe({ type: 'subscribe', inboxIds: [a] });
    await expect.poll(() => inPod.answers().at(-1), POLL).toMatchObject({ type: 'error', name: 'NotFoundError' });
    inPod.socket.sendSubscribe({ type: 'subscribe', eventTypes: ['message.gone' as never] });
    await expect.poll(() => inPod.answers().length, POLL).toBe(3);
    expect(inPod.answers().at(-1)).toMatchObject({ type: 'error', name: 'ValidationError' });
    await client.pods.apiKeys.delete(podId, key.apiKeyId);
    await expect.poll(() => inPod.closed, POLL).toEqual([1008]);
    await client.inboxes.delete(b);
    await client.pods.delete(podId);
  });

  it('24 a key that opens nothing: 401 before there is a socket; one that may not read quarantine hears of none until it may', async () => {
    const { client, host, newInbox } = world();
    const inboxId = await newInbox();
    for (const query of ['', '?api_key=am_wrong']) {
      const refused = new WebSocket(`${host.url.replace('http', 'ws')}/v0${query}`);
      const [, response] = await once(
        refused.on('error', () => undefined),
        'unexpected-response',
      );
      expect(response.statusCode).toBe(401);
    }
    const key = await client.inboxes.apiKeys.create(inboxId, { permissions: { messageRead: true } });
    if (!('apiKey' in key)) expect.fail('A key was asked for, and what came has no text.');
    const { apiKey } = key;
    using blind = await listening(new AgentMailClient({ apiKey, baseUrl: host.url }), {}, { reconnectAttempts: 9 });
    blind.socket.sendSubscribe({ type: 'subscribe', eventTypes: ['message.received.unauthenticated'] });
    await expect.poll(() => blind.answers().at(-1), POLL).toMatchObject({ type: 'error', name: 'ForbiddenError' });
    await handOver(world(), 'joe@z.com', inboxId, mailOf('<forged@y.com>', 'Hi', '', 'Words.'));
    await handOver(world(), JANE, inboxId, mailOf('<1@y.com>', 'Hi', '', 'Words.'));
    await expect.poll(() => idsHeard(blind), POLL).toEqual(['<1@y.com>']);

    // What the key opens is another thing now: 1012, by which the client comes back itself where the node is there.
    const eventTypes = ['message.received.unauthenticated' as const];
    blind.socket.on('open', () => blind.socket.sendSubscribe({ type: 'subscribe', eventTypes }));
    const permissions = { messageRead: true, labelUnauthenticatedRead: true };
    await client.inboxes.apiKeys.update(inboxId, key.apiKeyId, { permissions });
    await expect.poll(() => blind.closed, POLL).toEqual([RESTARTING]);
    await expect.poll(() => blind.answers().at(-1), POLL).toMatchObject({ type: 'subscribed', eventTypes });
    await handOver(world(), 'joe@z.com', inboxId, mailOf('<forged-2@y.com>', 'Hi', '', 'Words.'));
    await expect.poll(() => idsHeard(blind), POLL).toEqual(['<1@y.com>', '<forged-2@y.com>']);
  });

  it('24 a restart: 1012; since an event that it knows a client that comes again loses none and hears none twice', async () => {
    const { client, host, smtp, newInbox } = world();
    const inboxId = await newInbox();
    const wish = { inboxIds: [inboxId], eventTypes: ['message.received' as const] };
    using first = await listening(client, wish);
    const ids: string[] = [];
    const arrive = async (count: number) => {
      await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com', '127.0.0.24');
      for (let number = 0; number < count; number += 1) {
        const id = `<${ids.length}@y.com>`;
        await talk.say(`MAIL FROM:<${JANE}>`);
        await talk.say(`RCPT TO:<${inboxId}>`);
        expect(await talk.mail(mailOf(id, 'Hi', '', 'Words.'))).toEqual([expect.stringMatching(/^250/)]);
        ids.push(id);
      }
    };
    await arrive(10);
    await expect.poll(() => idsHeard(first), POLL).toEqual(ids);
    const since = String(first.events()[6]?.eventId);
    await host.stop();
    await host.start();
    await expect.poll(() => first.closed, POLL).toEqual([RESTARTING]);
    await arrive(15);
    using second = await listening(client, wish, { queryParams: { since } });
    await arrive(15);
    await expect.poll(() => idsHeard(second), POLL).toEqual(ids.slice(7));

    // Once more, and by kill -9: what was answered 250 is told.
    const again = String(second.events().at(-5)?.eventId);
    await arrive(5);
    await host.kill();
    await host.start();
    using third = await listening(client, wish, { queryParams: { since: again } });
    await arrive(5);
    await expect.poll(() => idsHeard(third), POLL).toEqual(ids.slice(36));
    for (const at of [first, second, third])
      expect(new Set(at.events().map(({ eventId }) => eventId)).size, 'none twice').toBe(at.events().length);

    const never = await client.websockets.connect({ queryParams: { since: 'never' }, reconnectAttempts: 0 });
    const answers: unknown[] = [];
    never.on('message', (frame) => answers.push(frame));
    await never.waitForOpen();
    never.sendSubscribe({ type: 'subscribe' });
    await expect.poll(() => answers[0], POLL).toMatchObject({ type: 'error', name: 'NotFoundError' });
    never.close();
  });
};
