import { describe, expect, it } from 'vitest';
import { ContentCache } from '../../../../node/send/queue/content-cache.ts';
import { content } from '../../../support/mail.ts';

describe('contents in memory', () => {
  it('have no payload among them, whose weight nobody knows, and are weighed with their recipients and headers', async () => {
    const read: string[] = [];
    const cache = new ContentCache(async (id) => {
      read.push(id);
      return undefined;
    });
    cache.put('payload', content({ payload: [[], []] }));
    const headers = Array.from({ length: 30 }, (_, at) => [`X-${at}`, 'x'.repeat(990)] as const);
    const heavy = content({ headers, bcc: Array.from({ length: 100 }, () => ({ name: '', address: 'a@x.test' })) });
    for (let at = 0; at < 300; at += 1) cache.put(`m${at}`, heavy);
    for (const id of ['payload', 'm0', 'm299']) await cache.get(id);
    expect(read).toEqual(['payload', 'm299']);
  });

  it('are those that came first, and go first; the others are read when they are needed', async () => {
    const read: string[] = [];
    const cache = new ContentCache(async (id) => {
      read.push(id);
      return content({ subject: id });
    });
    const large = content({ text: 'x'.repeat(2_000_000) });
    for (let at = 0; at < 6; at += 1) cache.put(`m${at}`, large);
    for (let at = 0; at < 6; at += 1) await cache.get(`m${at}`);
    expect(read).toEqual(['m4', 'm5']);
    cache.forget('m0');
    cache.put('m6', large);
    await cache.get('m6');
    expect(read).toEqual(['m4', 'm5']);
  });
});
