import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importMails } from '../../../node/cli/mailbox-archive.ts';
import { serveApp } from '../../support/loopback.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-archive-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** A file of so many mails. */
const archive = (mails: number) => {
  const file = join(directory, 'old.mbox');
  const mail = (at: number) => `From jane@y.com Sun Nov  8 09:05:07 2020\nMessage-ID: <${at}@y.com>\n\nMail ${at}.\n\n`;
  writeFileSync(file, Array.from({ length: mails }, (_, at) => mail(at)).join(''));
  return file;
};

/** A node that puts in so many mails at once at most, and says 503 of more, when it may have put some in; `groups`: how many it was asked for. */
const busyNode = async (atOnceMax: number) => {
  const known = new Set<string>();
  const groups: number[] = [];
  const fetch = async (request: Request) => {
    const ids = (await request.text()).match(/<\d+@y\.com>/g) ?? [];
    groups.push(ids.length);
    const taken = ids.slice(0, atOnceMax).map((id) => {
      const status = known.has(id) ? 'duplicate' : 'stored';
      known.add(id);
      return { status, message_id: id };
    });
    if (ids.length <= atOnceMax) return Response.json({ results: taken });
    const refusal = { name: 'ServiceUnavailableError', code: 'service_unavailable', message: 'The mailbox is busy.' };
    return Response.json(refusal, { status: 503 });
  };
  return { server: await serveApp({ fetch }), known, groups };
};

describe('an import into a node that has much to do', () => {
  it('goes on with fewer mails at a time, and puts each in once', async () => {
    const { server, known, groups } = await busyNode(7);
    await using _ = server;
    const wanted = { inbox: 'a@x.com', file: archive(60), isUnread: false };
    const report = await importMails({ url: server.url, clock: new VirtualClock() }, wanted);
    expect(known.size).toBe(60);
    expect(report).toMatchObject({ ok: true, value: { refused: 0 } });
    expect(Math.max(...groups)).toBe(25);
    expect(groups.filter((count) => count > 7).length).toBeLessThan(10);
  });

  it('ends with its sentence when it takes no mail at all', async () => {
    const { server, groups } = await busyNode(0);
    await using _ = server;
    const wanted = { inbox: 'a@x.com', file: archive(4), isUnread: false };
    await expect(importMails({ url: server.url, clock: new VirtualClock() }, wanted)).rejects.toThrow(
      'The mailbox is busy.',
    );
    expect(groups).toEqual([4, 2, 1]);
  });
});
