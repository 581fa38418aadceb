// Mails that are made to do harm, one after the other into a real node, and read again in every way: each is kept octet for octet, the node is
// ready all the while, its main thread is never held, its memory stays within bounds.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { slowness } from '../support/cpu-time.ts';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { type MailBomb, mailBombs } from '../support/mail-bombs.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

/** Milliseconds of its own work for which the main thread may answer nobody else, on a processor that is not slow. */
const HELD_MS_MAX = 50;
const WATCHED_EACH_MS = 20;
const RSS_MIB_MAX = 700;
const PRELOAD = fileURLToPath(new URL('../support/held-loop.mjs', import.meta.url));

async function taken(at: LiveMailbox, inboxId: string, { raw }: MailBomb): Promise<readonly string[]> {
  await using talk = await SmtpTalk.open(at.smtp, 'EHLO mx.y.com');
  await talk.say('MAIL FROM:<jane@y.com>');
  await talk.say(`RCPT TO:<${inboxId}>`);
  // Closed only when it has been answered.
  return await talk.mail(raw);
}

/** What the node is asked; all mails of an inbox, whatever is thought of them. */
function asker(at: LiveMailbox) {
  return async (path: string) => {
    const response = await fetch(`${at.host.url}${path}`, { headers: { authorization: `Bearer ${at.apiKey}` } });
    // biome-ignore lint/suspicious/noExplicitAny: the test reads whatever the answer has.
    return { status: response.status, body: (await response.json()) as any };
  };
}

describe('mails that are made to do harm', () => {
  it(
    'are kept octet for octet and read again, and keep nobody waiting',
    async () => {
      const bombs = mailBombs();
      await using at = await liveMailbox();
      const file = join(at.mesh.directory, 'held');
      await at.host.stop();
      at.host.environment = { ...at.host.environment, NODE_OPTIONS: `--import=${PRELOAD}`, HELD_LOOP_FILE: file };
      await at.host.start();
      const { inboxId } = await at.client.inboxes.create({ username: 'support' });
      const ask = asker(at);
      const fromMs = Date.now();
      let isOver = false;
      const unready: string[] = [];
      const watching = (async () => {
        while (!isOver) {
          const { status } = await ask('/ready');
          if (status !== 200) unready.push(`/ready answered ${status}`);
          await pause(WATCHED_EACH_MS);
        }
      })().catch((error: unknown) => unready.push(`/ready did not answer: ${error}`));

      for (const bomb of bombs)
        expect(await taken(at, inboxId, bomb), bomb.name).toEqual(['250 2.6.0 The mail is kept.']);

      const sizes: number[] = [];
      const list = `/v0/inboxes/${encodeURIComponent(inboxId)}/messages`;
      const all = 'limit=100&include_unauthenticated=true';
      for (let token = ''; ; ) {
        const { status, body } = await ask(`${list}?${all}${token}`);
        expect(status).toBe(200);
        for (const { message_id, thread_id } of body.messages) {
          const path = `${list}/${encodeURIComponent(message_id)}`;
          const name = `${message_id}`;
          expect((await ask(path)).status, name).toBe(200);
          expect((await ask(`/v0/threads/${thread_id}`)).status, name).toBe(200);
          const raw = (await ask(`${path}/raw`)).body;
          const octets = Buffer.from(await (await fetch(raw.download_url)).arrayBuffer());
          expect(octets.length, name).toBe(raw.size);
          const trace = octets.indexOf('+0000\r\n') + 7;
          const sent = bombs.find((one) => one.raw.equals(octets.subarray(trace)));
          expect(sent, `${name} is octet for octet one that was sent`).toBeDefined();
          sizes.push(octets.length);
        }
        if (body.next_page_token === undefined) break;
        token = `&page_token=${body.next_page_token}`;
      }
      expect(sizes).toHaveLength(bombs.length);
      expect((await ask(`/v0/threads?${all}`)).status).toBe(200);
      isOver = true;
      await watching;

      expect(unready).toEqual([]);
      const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
      const held = lines.map((line) => line.split(' ').map(Number)).filter(([atMs = 0]) => atMs >= fromMs);
      const heldMsMax = HELD_MS_MAX * slowness();
      expect(held.filter(([, ms = 0]) => ms >= heldMsMax)).toEqual([]);
      const [, peakKib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${at.host.pid}/status`, 'utf8')) ?? [];
      expect(Number(peakKib) / 1024).toBeLessThan(RSS_MIB_MAX);
      expect(at.host.log).not.toContain('mailbox.worker_ended');
    },
    LIVE_MS_MAX,
  );
});
