// The body of a send, read token by token: what it is must be what JSON.parse says, but for the contents of attachments.
import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BodyPlaces } from '../../../../node/http/send/body-places.ts';
import { sendBodyReader } from '../../../../node/http/send/send-body.ts';
import { SpooledContent } from '../../../../node/send/attachments/blob-store.ts';
import { DiskBlobs } from '../../../../node/system/disk-blobs.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { testDirectory } from '../../../support/test-blobs.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** Reads a body that arrives in pieces of so many octets; `small`: of announced length, as most clients send it. */
async function read(body: string | Uint8Array, piece = 7, contentType = 'application/json', small = false) {
  const directory = testDirectory();
  const blobs = await DiskBlobs.open({ directory, clock: new VirtualClock(), log: new RecordingLog() });
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
    headers: { 'content-type': contentType, ...(small ? { 'content-length': String(bytes.length) } : {}) },
    duplex: 'half',
  } as RequestInit);
  const value = (await sendBodyReader(blobs, new BodyPlaces(new VirtualClock()))(request, '')) as never;
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
      expect((await read(json, 65_536, undefined, true)).value).toEqual(JSON.parse(json));
    },
  );

  it.each([false, true])('puts the contents of attachments away, and nothing else, small: %s', async (small) => {
    const content = Buffer.from('hello, wörld').toString('base64');
    const sent = {
      content,
      attachments: [{ filename: 'a', content }, { content: `${content.slice(0, 5)}\n${content.slice(5)}` }],
      x: [{ content }],
    };
    const { value, blobs } = await read(JSON.stringify(sent), 7, undefined, small);
    const { attachments, ...rest } = value as { attachments: { content: SpooledContent }[] };
    expect(rest).toEqual({ content, x: [{ content }] });
    const [first, second] = attachments.map((one) => one.content);
    expect(first).toBeInstanceOf(SpooledContent);
    expect([first?.bytes, second?.blob]).toEqual([13, first?.blob]);
    expect((await buffer(blobs.read(first?.blob ?? ''))).toString()).toBe('hello, wörld');
  });

  it('leaves a content that is no string, or in no list, to whoever checks the form', async () => {
    const sent = { attachments: [{ content: 7 }, { content: null }, 'content', { content: ['x'] }] };
    const odd = { attachments: { content: 'x', a: { content: 'y' } } };
    for (const small of [false, true]) {
      expect((await read(JSON.stringify(sent), 7, undefined, small)).value).toEqual(sent);
      expect((await read(JSON.stringify(odd), 7, undefined, small)).value).toEqual(odd);
    }
  });

  it.each(Array.from({ length: 30 }, (_, seed) => seed + 1))(
    'gives every octet of a content, however it is written and cut, seed %i',
    async (seed) => {
      const random = seededRandom(seed);
      const upTo = (limit: number) => Math.floor(random.next() * limit);
      const octets = [upTo(40_000), upTo(300)].map((length) => Buffer.from(random.bytes(length)));
      const written = octets.map((one) => {
        const lines = one.toString('base64').replace(/.{1,76}/g, (line) => (upTo(40) === 0 ? `${line}\\r\\n` : line));
        return lines.replace(/[A/]/g, (character) => {
          if (upTo(200) > 0) return character;
          return character === '/' ? '\\/' : '\\u0041';
        });
      });
      const body = `{"attachments":[${written.map((text) => `{"content":"${text}","filename":"ä"}`).join()}],"x":"\\"y"}`;
      const { value, blobs } = await read(body, 1 + upTo(seed % 2 === 0 ? 5_000 : 9));
      const { attachments, x } = value as { x: string; attachments: { content: SpooledContent; filename: string }[] };
      expect([x, ...attachments.map(({ filename }) => filename)]).toEqual(['"y', 'ä', 'ä']);
      for (const [at, { content }] of attachments.entries())
        expect(await buffer(blobs.read(content.blob))).toEqual(octets[at]);
    },
  );

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
  ])('that is no good is refused, large or small, %#', async (body, code) => {
    await expect(read(body, 65_536)).rejects.toMatchObject({ code });
    await expect(read(body, 65_536, undefined, true)).rejects.toMatchObject({ code });
  });

  it('is nested 64 levels deep at most', async () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    for (const small of [false, true]) {
      expect((await read(nested(64), 65_536, undefined, small)).value).toEqual(JSON.parse(nested(64)));
      const refused = { code: 'invalid_json', message: expect.stringContaining('64') };
      await expect(read(nested(65), 65_536, undefined, small)).rejects.toMatchObject(refused);
    }
  });

  it('that writes one content many times is refused: each would be a file', async () => {
    const members = Array.from({ length: 21 }, () => '"content":""').join();
    await expect(read(`{"attachments":[{${members}}]}`, 65_536)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('with a line break, or an octet beyond ASCII, in a content is no JSON, or no base64', async () => {
    const body = (middle: string) => `{"attachments":[{"content":"${'A'.repeat(200)}${middle}AAAA"}]}`;
    await expect(read(body('\n'), 50)).rejects.toMatchObject({ code: 'invalid_json' });
    await expect(read(body('ä'), 50)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(read(Buffer.from(body('\u00e4'), 'latin1'), 50)).rejects.toMatchObject({ code: 'invalid_json' });
  });

  it.each([
    ['a number', '1', '1'],
    ['a string', '"', 'a'],
    ['a name', '{"', 'a'],
    ['a list', '[[]', ',[]'],
    ['an object', '{"a":1', ',"a":1'],
  ])('with %s that goes on and on is refused before it is all held', async (_, start, next) => {
    const more = Buffer.from(next.repeat(10_000));
    let octets = 0;
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from(start)),
      pull: (controller) => {
        octets += more.length;
        controller.enqueue(more);
      },
    });
    const blobs = await DiskBlobs.open({
      directory: testDirectory(),
      clock: new VirtualClock(),
      log: new RecordingLog(),
    });
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://x/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    await expect(sendBodyReader(blobs, new BodyPlaces(new VirtualClock()))(request, '')).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(octets).toBeLessThan(5 * 1_024 * 1_024);
  });

  it('of an announced length that is too large is refused without reading it', async () => {
    const blobs = await DiskBlobs.open({
      directory: testDirectory(),
      clock: new VirtualClock(),
      log: new RecordingLog(),
    });
    const headers = { 'content-type': 'application/json', 'content-length': String(200 * 1_024 * 1_024) };
    const request = new Request('http://x/', { method: 'POST', body: '{}', headers });
    await expect(sendBodyReader(blobs, new BodyPlaces(new VirtualClock()))(request, '')).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(request.bodyUsed).toBe(false);
  });

  it('that is large waits while others are read, and is refused when too many wait', async () => {
    const blobs = await DiskBlobs.open({
      directory: testDirectory(),
      clock: new VirtualClock(),
      log: new RecordingLog(),
    });
    const reader = sendBodyReader(blobs, new BodyPlaces(new VirtualClock()));
    const open: ReadableStreamDefaultController[] = [];
    const large = (client = '') => {
      const body = new ReadableStream({ start: (controller) => void open.push(controller) });
      const headers = { 'content-type': 'application/json' };
      const request = new Request('http://x/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
      return reader(request, client);
    };
    const reading = Array.from({ length: 108 }, (_, number) => large(`10.0.0.${number % 3}`));
    await nextTurn();
    await expect(large()).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 10 });
    const small = {
      method: 'POST',
      body: '[1]',
      headers: { 'content-type': 'application/json', 'content-length': '3' },
    };
    expect(await reader(new Request('http://x/', small), '')).toEqual([1]);
    for (const controller of open) {
      controller.enqueue(Buffer.from('{}'));
      controller.close();
    }
    expect(new Set(await Promise.all(reading))).toHaveLength(108);
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
      const blobs = await DiskBlobs.open({ directory, clock: new VirtualClock(), log: new RecordingLog() });
      const body = JSON.stringify({ attachments: [{ content: '' }, { content }] });
      const request = new Request('http://x/', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      await expect(sendBodyReader(blobs, new BodyPlaces(new VirtualClock()))(request, '')).rejects.toMatchObject({
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
