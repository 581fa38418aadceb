// Chapter 6: mail that comes in, as webhooks, sockets and polling tell of it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { AgentMail } from 'agentmail';
import { expect } from 'vitest';
import type { SamplesOf } from '../../support/guide.ts';
import { receiver } from '../../support/hook-receiver.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const POLL = { timeout: LIVE_MS_MAX / 2 };

interface Payload {
  readonly event_id: string;
  readonly event_type: string;
  readonly message: Readonly<Record<string, unknown>>;
}

export const receiving: SamplesOf<6> = {
  'Webhooks: registering': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('registering');
    await using hook = await receiver(200);
    const { webhookId } = await client.webhooks.create({
      url: hook.url,
      eventTypes: ['message.received', 'message.sent'],
    });
    const { messageId } = await receive(inboxId, 'Hello', '', 'Hello.');
    const sent = await client.inboxes.messages.reply(inboxId, messageId, { to: 'bob@mail.example.com', text: 'Hi.' });
    const told = () =>
      hook.requests
        .map(({ body }) => JSON.parse(body))
        .flatMap(({ event_type, message, send }) =>
          [messageId, sent.messageId].includes((message ?? send)?.message_id) ? [event_type] : [],
        );
    await expect.poll(() => told().toSorted(), POLL).toEqual(['message.received', 'message.sent']);
    await client.webhooks.delete(webhookId);
  },

  // Flask's server, in Node. Who wrote a mail is `from` in a payload; `from_` is its name in a program in Python, which cannot say `from`.
  'Webhooks: receiving': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('webhooks');
    const printed: string[] = [];
    const payloads: Payload[] = [];
    const app = createServer(async (request, response) => {
      const payload = (await json(request)) as Payload;
      const { event_type, message } = payload;
      // The first time this server fails: who is told may be told the same again.
      const status = payloads.push(payload) === 1 ? 500 : 200;
      printed.push(`Webhook received: ${event_type}`, `From: ${message.from}`, `Subject: ${message.subject}`);
      response.writeHead(status).end();
    });
    await once(app.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}/webhooks`;
    const { webhookId } = await client.webhooks.create({ url, eventTypes: ['message.received'], inboxIds: [inboxId] });
    await receive(inboxId, 'Hello', '', 'Hello.');
    await expect.poll(() => payloads.length, POLL).toBe(2);
    expect(payloads[1], 'the same event, by its event_id').toEqual(payloads[0]);
    const lines = ['Webhook received: message.received', 'From: Jane <jane@y.com>', 'Subject: Hello'];
    expect(printed).toEqual([...lines, ...lines]);
    expect(payloads[0]?.message).not.toHaveProperty('from_');
    await client.webhooks.delete(webhookId);
    app.close();
    app.closeAllConnections();
  },

  'WebSockets: Python': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('agent');
    const socket = await client.websockets.connect();
    const printed: string[] = [];
    socket.on('message', (event) => {
      if (event.type === 'subscribed') printed.push(`Subscribed to: ${event.inboxIds}`);
      else if (event.type === 'event' && event.eventType === 'message.received')
        printed.push(`New email from: ${event.message.from}`, `Subject: ${event.message.subject}`);
    });
    await socket.waitForOpen();
    socket.sendSubscribe({ type: 'subscribe', inboxIds: [inboxId] });
    await expect.poll(() => printed, POLL).toEqual([`Subscribed to: ${inboxId}`]);
    await receive(inboxId, 'By socket', '', 'Hello.');
    await expect
      .poll(() => printed.slice(1), POLL)
      .toEqual(['New email from: Jane <jane@y.com>', 'Subject: By socket']);
    socket.close();
  },

  // The guide's type `message_received` is `type: 'event'` and `eventType: 'message.received'` in this client, and its `from_` is `from`.
  // The client waits by itself until a socket is open, and then nobody hears of it, unless it is told not to.
  'WebSockets: TypeScript': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('agent');
    const socket = await client.websockets.connect({ waitForOpen: false });
    const printed: string[] = [];
    socket.on('open', () => {
      printed.push('Connected');
      socket.sendSubscribe({ type: 'subscribe', inboxIds: [inboxId] });
    });
    socket.on('message', (event) => {
      if (event.type === 'subscribed') printed.push(`Subscribed to: ${event.inboxIds}`);
      else if (event.type === 'event') {
        const { message } = event as AgentMail.MessageReceivedEvent;
        printed.push(`New email from: ${message.from}`, `Subject: ${message.subject}`);
      }
    });
    socket.on('close', (event) => printed.push(`Disconnected: ${event.code}`));
    socket.on('error', (error) => printed.push(`Error: ${error}`));
    await expect.poll(() => printed, POLL).toEqual(['Connected', `Subscribed to: ${inboxId}`]);
    await receive(inboxId, 'By socket again', '', 'Hello.');
    const news = ['New email from: Jane <jane@y.com>', 'Subject: By socket again'];
    await expect.poll(() => printed.slice(2), POLL).toEqual(news);
    socket.close();
    await expect.poll(() => printed.at(-1), POLL).toBe('Disconnected: 1000');
  },

  // Texts of mails in a list are ours; the client passes them through by the names that they have in JSON.
  'When polling is acceptable': async ({ client, inbox, receive }) => {
    const inboxId = await inbox('polled');
    await receive(inboxId, 'First', '', 'Is it fixed?');
    const quoted = ['On Fri, Nov 27, 2026 at 9:00 AM Joe <joe@x.com> wrote:', '> Is it?'];
    await receive(inboxId, 'Second', '', 'It is fixed.', '', ...quoted);
    const { messages } = await client.inboxes.messages.list(inboxId, { limit: 10 });
    const printed = messages.map((message) => {
      const { extracted_text, text } = message as { readonly extracted_text?: string; readonly text?: string };
      return [message.subject, (extracted_text ?? text)?.trim()];
    });
    expect(printed).toEqual([
      ['Second', 'It is fixed.'],
      ['First', 'Is it fixed?'],
    ]);
  },
};
