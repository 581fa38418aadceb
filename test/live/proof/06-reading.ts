// Steps 6 to 8: what a mail server hands over, as it is told of, read, and taken apart.
import { expect, it } from 'vitest';
import { receiver } from '../../support/hook-receiver.ts';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { download, idsIn, type ProofSteps, WITHOUT_SWAKS } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

const REPORT = Buffer.from('the report\n');
const PICTURE = Buffer.from([0, 255, 13, 10, 46, 13, 10]);
const QUOTED = ['It is fixed.', '', 'On Fri, Nov 27, 2026 at 9:00 AM Joe <joe@x.com> wrote:', '> Is it?', ''];
const POLL = { timeout: LIVE_MS_MAX / 2 };

export const reading: ProofSteps = (world) => {
  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '6 a mail by swaks: message.received by webhook and by socket, and unread in the list',
    async () => {
      const { client, send, newInbox } = world();
      const inboxId = await newInbox();
      await using hook = await receiver(204);
      const wish = { url: hook.url, inboxIds: [inboxId], eventTypes: ['message.received' as const] };
      const { webhookId } = await client.webhooks.create(wish);
      const socket = await client.websockets.connect({ reconnectAttempts: 0 });
      const heard: unknown[] = [];
      socket.on('message', (frame) => heard.push(frame));
      await socket.waitForOpen();
      socket.sendSubscribe({ type: 'subscribe', inboxIds: [inboxId] });
      await expect.poll(() => heard[0], POLL).toMatchObject({ type: 'subscribed' });

      expect(await send(inboxId, mailOf('<1@y.com>', 'Hello', '', 'See it.'))).toContain('250 2.6.0');
      await expect.poll(() => hook.requests.length, POLL).toBe(1);
      const told = { inbox_id: inboxId, message_id: '<1@y.com>', subject: 'Hello' };
      expect(JSON.parse(hook.requests[0]?.body ?? '')).toMatchObject({ event_type: 'message.received', message: told });
      await expect
        .poll(() => heard[1], POLL)
        .toMatchObject({ eventType: 'message.received', message: { inboxId, messageId: '<1@y.com>' } });
      expect(idsIn(await client.inboxes.messages.list(inboxId, { labels: ['unread'] }))).toEqual(['<1@y.com>']);
      socket.close();
      await client.webhooks.delete(webhookId);
    },
  );

  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '7 messages.get, getRaw: its text, what is new in it, who answers for it, and its octets behind our trace lines',
    async () => {
      const { client, send, newInbox } = world();
      const inboxId = await newInbox();
      const type = 'Content-Type: text/plain; charset=utf-8';
      const mail = mailOf('<1@y.com>', 'Fixed', type, '', ...QUOTED, '.', '..two', 'é');
      await send(inboxId, mail);
      const message = await client.inboxes.messages.get(inboxId, '<1@y.com>');
      const shown = { inboxId, from: 'Jane <jane@y.com>', subject: 'Fixed', preview: expect.any(String) };
      expect(message).toMatchObject(shown);
      expect(message.text).toContain('> Is it?');
      expect(await send(inboxId, mailOf('<2@y.com>', 'Again', '', ...QUOTED))).toContain('250 2.6.0');
      const answer = await client.inboxes.messages.get(inboxId, '<2@y.com>');
      expect([answer.text, answer.extractedText]).toEqual([expect.stringContaining('> Is it?'), 'It is fixed.']);
      expect(answer).toHaveProperty('authentication_results', { spf: 'pass', dkim: 'none', dmarc: 'pass' });

      const raw = await client.inboxes.messages.getRaw(inboxId, '<1@y.com>');
      const octets = await download(raw.downloadUrl);
      expect(octets.length).toBe(raw.size);
      const traceLength = octets.indexOf('Message-ID: <1@y.com>');
      expect(octets.subarray(traceLength).toString('latin1')).toBe(Buffer.from(mail).toString('latin1'));
      expect(octets.subarray(0, traceLength).toString()).toMatch(/^Return-Path: <jane@y\.com>\r\n(.+\r\n)+$/);
    },
  );

  it.skipIf(WITHOUT_SWAKS !== undefined)(
    '8 getAttachment, by mail and by thread: octet for octet, also of a mail that is nothing else',
    async () => {
      const { client, send, newInbox } = world();
      const inboxId = await newInbox();
      const mixed = [
        ...['Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '', 'See it.', '--b'],
        ...['Content-Type: text/csv; name=report.csv', 'Content-Disposition: attachment; filename=report.csv'],
        ...['Content-Transfer-Encoding: base64', '', REPORT.toString('base64'), '--b--'],
      ];
      await send(inboxId, mailOf('<1@y.com>', 'Report', ...mixed));
      const only = ['Content-Type: image/png; name=one.png', 'Content-Transfer-Encoding: base64'];
      await send(inboxId, mailOf('<2@y.com>', 'Picture', ...only, '', PICTURE.toString('base64')));

      for (const [messageId, filename, contentType, octets] of [
        ['<1@y.com>', 'report.csv', 'text/csv', REPORT],
        ['<2@y.com>', 'one.png', 'image/png', PICTURE],
      ] as const) {
        const { threadId, attachments = [] } = await client.inboxes.messages.get(inboxId, messageId);
        expect(attachments).toMatchObject([{ filename, contentType, size: octets.length }]);
        const id = String(attachments[0]?.attachmentId);
        for (const attachment of [
          await client.inboxes.messages.getAttachment(inboxId, messageId, id),
          await client.inboxes.threads.getAttachment(inboxId, threadId, id),
          await client.threads.getAttachment(threadId, id),
        ])
          expect(await download(attachment.downloadUrl)).toEqual(octets);
      }
      expect((await client.inboxes.messages.get(inboxId, '<2@y.com>')).text).toBeUndefined();
      const never = client.inboxes.messages.getAttachment(inboxId, '<2@y.com>', '9-00000000');
      expect(await refusal(never)).toEqual([404, 'not_found']);
    },
  );
};
