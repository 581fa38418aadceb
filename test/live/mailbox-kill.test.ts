// A node that is killed again and again while mail comes in on several connections: whoever got a 250 finds his mail there, once and octet for
// octet; who got none sends it again, as mail servers do.
import { describe, expect, it } from 'vitest';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { mailOf } from '../support/mail-structure.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const CONNECTIONS = 5;
const KILLS = 4;
/** Mails between two kills, at least and at most. */
const [MAILS_MIN, MAILS_MAX] = [10, 60];
const PASSED = 'Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=y.com; dmarc=pass header.from=y.com';
/** Every seventh is large enough to be a file. */
const LARGE = 'words and words\r\n'.repeat(6_000);

const idOf = (number: number) => `<${number}@y.com>`;
const rawOf = (number: number) =>
  mailOf(
    PASSED,
    `Message-ID: ${idOf(number)}`,
    'From: jane@y.com',
    '',
    `Mail ${number}.`,
    number % 7 === 0 ? LARGE : '',
  );

class Senders {
  readonly #at: LiveMailbox;
  readonly #inboxId: string;
  readonly acknowledged = new Set<number>();
  #next = 0;
  #isOver = false;
  #heard = Promise.withResolvers<void>();

  constructor(at: LiveMailbox, inboxId: string) {
    this.#at = at;
    this.#inboxId = inboxId;
  }

  /** Resolves when so many more were acknowledged. */
  async more(count: number): Promise<void> {
    for (const until = this.acknowledged.size + count; this.acknowledged.size < until; ) await this.#heard.promise;
  }

  end(): void {
    this.#isOver = true;
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const number = this.#next++;
      while (!(await this.#isTaken(number)));
      this.acknowledged.add(number);
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    }
  }

  async #isTaken(number: number): Promise<boolean> {
    try {
      await using talk = await SmtpTalk.open(this.#at.smtp, 'EHLO mx.y.com');
      await talk.say('MAIL FROM:<jane@y.com>');
      if (!(await talk.say(`RCPT TO:<${this.#inboxId}>`)).startsWith('250')) return false;
      const [answer = ''] = await talk.mail(rawOf(number));
      return answer.startsWith('250');
    } catch {
      // The node is down: the connection is refused.
      return false;
    }
  }
}

describe('a node that is killed while mail comes in', () => {
  it(
    'has every mail that it has answered 250 for, once and octet for octet',
    async () => {
      await using at = await liveMailbox('--mailbox-trust', '127.0.0.1', '--mailbox-authserv', 'mx.example.com');
      const { inboxId } = await at.client.inboxes.create({ username: 'support' });
      const senders = new Senders(at, inboxId);
      const running = Array.from({ length: CONNECTIONS }, () => senders.run());
      const random = seededRandom(7);
      for (let kill = 0; kill < KILLS; kill += 1) {
        await senders.more(MAILS_MIN + Math.floor(random.next() * (MAILS_MAX - MAILS_MIN)));
        await at.host.kill();
        await at.host.start();
      }
      await senders.more(MAILS_MIN);
      senders.end();
      await Promise.all(running);

      const found = new Map<string, number>();
      for (let pageToken: string | undefined; ; ) {
        const page = await at.client.inboxes.messages.list(inboxId, { limit: 100, ...(pageToken && { pageToken }) });
        for (const { messageId } of page.messages) found.set(messageId, (found.get(messageId) ?? 0) + 1);
        pageToken = page.nextPageToken;
        if (pageToken === undefined) break;
      }
      const expected = [...senders.acknowledged].map((number) => [idOf(number), 1] as const);
      expect(new Map([...found].sort())).toEqual(new Map(expected.sort()));
      for (const number of senders.acknowledged) {
        const { downloadUrl } = await at.client.inboxes.messages.getRaw(inboxId, idOf(number));
        const raw = await (await fetch(downloadUrl)).text();
        expect(raw.endsWith(`\r\n${rawOf(number)}`), idOf(number)).toBe(true);
      }
    },
    LIVE_MS_MAX,
  );
});
