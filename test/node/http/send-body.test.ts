// The body of a send, read token by token: what it is must be what JSON.parse says, but for the contents of attachments.
import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { sendBodyReader } from '../../../node/http/send-body.ts';
import { Blobs, SpooledContent } from '../../../node/send/blobs.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testDirectory } from '../../support/test-blobs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Reads a body that arrives in pieces of so many octets. */
async function read(body: string | Uint8Array, piece = 7, contentType = 'application/json') {
  const directory = testDirectory();
  const blobs = await Blobs.open({ directory, clock: new VirtualClock(), log: new RecordingLog() });
  const bytes = Buffer.from(body as Uint8Array);
  const stream = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += piece) controller.enqueue(bytes.subarray(at, at + piece));
      controller.close();
    },
  });
  const request = new Request('http://x/', {
    method: 'POST',
    body: stream,
    headers: { 'content-type': contentType },
    duplex: 'half',
  } as RequestInit);
  const value = (await sendBodyReader(blobs)(request)) as never;
  return { value, blobs, directory };
}

function randomJson(random: { next(): number }, depth = 0): unknown {
  const pick = Math.floor(random.next() * (depth > 3 ? 5 : 7));
  const text = () =>
    Array.from(
      { length: Math.floor(random.next() * 8) },
      () => ['a', 'ä', '"', '\\', '\n', '😀', 'content', '\u0000'][Math.floor(random.next() * 8)],
    ).join('');
  if (pick === 0) return null;
  if (pick === 1) return random.next() < 0.5;
  if (pick === 2) return Math.round((random.next() - 0.5) * 1e6) / 100;
  if (pick <= 4) return text();
  const members = Array.from({ length: Math.floor(random.next() * 4) }, () => randomJson(random, depth + 1));
  return pick === 5 ? members : Object.fromEntries(members.map((member) => [text(), member]));
}

describe('a body', () => {
  it.each(Array.from({ length: 100 }, (_, seed) => seed + 1))(
    'is what JSON.parse says, whatever the pieces, seed %i',
    async (seed) => {
      const random = seededRandom(seed);
      const json = JSON.stringify(randomJson(random), null, Math.floor(random.next() * 3));
      expect((await read(json, 1 + Math.floor(random.next() * 9))).value).toEqual(JSON.parse(json));
    },
  );

  it('puts the contents of attachments away, and nothing else', async () => {
    const content = Buffer.from('hello, wörld').toString('base64');
    const sent = {
      content,
      attachments: [{ filename: 'a', content }, { content: `${content.slice(0, 5)}\n${content.slice(5)}` }],
      x: [{ content }],
    };
    const { value, blobs } = await read(JSON.stringify(sent));
    const { attachments, ...rest } = value as { attachments: { content: SpooledContent }[] };
    expect(rest).toEqual({ content, x: [{ content }] });
    const [first, second] = attachments.map((one) => one.content);
    expect(first).toBeInstanceOf(SpooledContent);
    expect([first?.bytes, second?.blob]).toEqual([13, first?.blob]);
    expect((await buffer(blobs.read(first?.blob ?? ''))).toString()).toBe('hello, wörld');
  });

  it.each([
    ['{"a":', 'invalid_json'],
    ['', 'invalid_json'],
    ['{"a":1}x', 'invalid_json'],
    ['[1,]', 'invalid_json'],
    ['"\\ud8"', 'invalid_json'],
    [new Uint8Array([0x22, 0xff, 0x22]), 'invalid_json'],
    ['{"__proto__":1}', 'unknown_field'],
    ['{"a":{"\\u005f_proto__":1}}', 'unknown_field'],
    [`${'['.repeat(100)}${']'.repeat(100)}`, 'invalid_json'],
    [JSON.stringify({ attachments: Array.from({ length: 21 }, () => ({ content: '' })) }), 'invalid_request'],
  ])('that is no good is refused, %#', async (body, code) => {
    await expect(read(body, 65_536)).rejects.toMatchObject({ code });
  });

  it('that is too large is refused, with an attachment or without', async () => {
    const body = JSON.stringify({ body: 'x'.repeat(4 * 1_024 * 1_024) });
    await expect(read(body, 65_536)).rejects.toMatchObject({ code: 'payload_too_large' });
    const content = JSON.stringify({ attachments: [{ content: 'A'.repeat(35 * 1_024 * 1_024) }] });
    await expect(read(content, 65_536)).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it.each(['aGVsbG8', 'aGVs!G8=', 'aGVsbG8=aGVs', '====', 'aGVsbG8=='])(
    'whose content %j is not base64 is refused with the field named, and leaves nothing',
    async (content) => {
      const directory = testDirectory();
      const blobs = await Blobs.open({ directory, clock: new VirtualClock(), log: new RecordingLog() });
      const body = JSON.stringify({ attachments: [{ content: '' }, { content }] });
      const request = new Request('http://x/', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      await expect(sendBodyReader(blobs)(request)).rejects.toMatchObject({
        code: 'invalid_request',
        field: 'attachments[1].content',
      });
      expect(readdirSync(directory).filter((name) => name.endsWith('.part'))).toEqual([]);
    },
  );

  it('must say that it is JSON', async () => {
    await expect(read('{}', 7, 'text/plain')).rejects.toMatchObject({ code: 'unsupported_media_type' });
  });
});
