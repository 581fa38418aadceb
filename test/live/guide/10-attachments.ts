// Chapter 10: files, which are downloaded by a link in place of the octets that the guide's samples write away at once.
import { expect } from 'vitest';
import type { GuideWorld, SamplesOf } from '../../support/guide.ts';
import { download, mailAt } from '../../support/proof-world.ts';

const PDF = Buffer.from('%PDF-1.4\n\0\xff\r\n.\r\n%%EOF', 'latin1');

/** A mail with a file has come in. */
async function received({ client, inbox, receive }: GuideWorld) {
  const inboxId = await inbox('files');
  const { messageId, mail } = await receive(
    ...([inboxId, 'A contract', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', ''] as const),
    ...['--b', 'Content-Type: text/plain', '', 'Please sign.', '--b', 'Content-Type: application/pdf'],
    ...['Content-Disposition: attachment; filename="contract.pdf"', 'Content-Transfer-Encoding: base64', ''],
    ...[PDF.toString('base64'), '--b--'],
  );
  const { attachments = [], threadId } = await client.inboxes.messages.get(inboxId, messageId);
  return { inboxId, messageId, threadId, attachmentId: String(attachments[0]?.attachmentId), mail };
}

export const attachments: SamplesOf<10> = {
  'Sending attachments': async ({ client, inbox, postfix }) => {
    const content = Buffer.from('This is the content of our report.').toString('base64');
    const sentMessage = await client.inboxes.messages.send(await inbox('reports'), {
      to: ['bob@mail.example.com'],
      subject: 'Q4 Financial Report',
      text: 'Please see the attached report.',
      attachments: [{ content, filename: 'Q4-report.txt', contentType: 'text/plain' }],
    });
    const mail = await mailAt(postfix, 'bob', sentMessage.messageId);
    expect(mail).toContain(content);
    expect(mail).toMatch(/^Content-Disposition: attachment;\s+filename="?Q4-report\.txt"?/m);
  },

  'Receiving attachments': async (world) => {
    const { inboxId, messageId, attachmentId } = await received(world);
    const file = await world.client.inboxes.messages.getAttachment(inboxId, messageId, attachmentId);
    expect(file).toMatchObject({ filename: 'contract.pdf', contentType: 'application/pdf', size: PDF.length });
    expect(await download(file.downloadUrl)).toEqual(PDF);
  },

  'Receiving attachments: by thread': async (world) => {
    const { inboxId, threadId, attachmentId } = await received(world);
    const file = await world.client.inboxes.threads.getAttachment(inboxId, threadId, attachmentId);
    expect(await download(file.downloadUrl)).toEqual(PDF);
  },

  'Raw message access': async (world) => {
    const { inboxId, messageId, mail } = await received(world);
    const raw = await world.client.inboxes.messages.getRaw(inboxId, messageId);
    const octets = await download(raw.downloadUrl);
    expect([raw.messageId, raw.size]).toEqual([messageId, octets.length]);
    const asReceived = Buffer.from(mail);
    expect(octets.subarray(-asReceived.length), 'behind the trace lines of the host').toEqual(asReceived);
  },
};
