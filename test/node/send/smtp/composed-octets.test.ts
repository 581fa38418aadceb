// The same content is the same octets, whoever composes it and when.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { MessageContent } from '../../../../node/send/message.ts';
import { compose } from '../../../../node/send/smtp/composer.ts';
import { content } from '../../../support/mail.ts';

async function octetsOf(message: MessageContent): Promise<Buffer> {
  const open = ({ filename }: { readonly filename: string }) => Readable.from([Buffer.from(`<${filename}>`)]);
  const composed = compose(message, { date: '2026-01-27T12:00:00.000Z', open });
  return 'bytes' in composed ? composed.bytes : await buffer(composed.stream);
}

describe('the same content with a date of its own', () => {
  const attachments = [
    {
      filename: 'logo.png',
      contentType: 'image/png',
      disposition: 'inline' as const,
      contentId: 'logo@x',
      blob: 'a',
      bytes: 1,
    },
    { filename: 'a.bin', blob: 'b', bytes: 1 },
  ];
  const message = content({ html: '<img src="cid:logo@x">', attachments, date: '2020-02-02T02:02:02.000Z' });

  it('is the same octets, and another one has other boundaries', async () => {
    const bytes = (await octetsOf(message)).toString();
    expect((await octetsOf(message)).toString()).toBe(bytes);
    expect(bytes).toContain('Date: Sun, 02 Feb 2020 02:02:02 +0000');
    const boundary = /boundary="([^"]+)"/.exec(bytes)?.[1] ?? '';
    const other = (await octetsOf({ ...message, messageId: '<2@mail.example.com>' })).toString();
    expect([boundary.length > 20, other.includes(boundary)]).toEqual([true, false]);
  });

  it('shows an attachment where the HTML names it', async () => {
    const parts = (await PostalMime.parse(await octetsOf(message))).attachments;
    expect(parts.map(({ disposition, contentId }) => [disposition, contentId])).toEqual([
      ['inline', '<logo@x>'],
      ['attachment', undefined],
    ]);
  });
});
