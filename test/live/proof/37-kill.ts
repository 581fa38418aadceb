// Step 37: a node of its own that is killed again and again while mail comes in on several connections. Whoever got a 250 finds his mail there,
// once and octet for octet; who got none sends it again, as mail servers do.
import { expect, it } from 'vitest';
import { type LiveMailbox, liveMailbox } from '../../support/live-mailbox.ts';
import { mailOf } from '../../support/mail-structure.ts';
import { type ProofSteps, WITHOUT_SMTP_SOURCE } from '../../support/proof-world.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SmtpSource } from '../../support/smtp-source.ts';
import { SmtpTalk } from '../../support/smtp-talk.ts';

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

/** Kills the node again and again, each time when so many more mails were acknowledged. */
async function killAgainAndAgain(at: LiveMailbox, more: (count: number) => Promise<void>): Promise<void> {
  const random = seededRandom(7);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await more(MAILS_MIN + Math.floor(random.next() * (MAILS_MAX - MAILS_MIN)));
    await at.host.kill();
    await at.host.start();
  }
  await more(MAILS_MIN);
}

/** Every mail of the inbox, those of which nobody knows whose they are among them. */
async function allMails({ client }: LiveMailbox, inboxId: string) {
  const found: { readonly messageId: string; readonly subject: string; readonly size: number }[] = [];
  for (let pageToken: string | undefined; ; ) {
    const asked = { limit: 100, includeUnauthenticated: true, ...(pageToken && { pageToken }) };
    const page = await client.inboxes.messages.list(inboxId, asked);
    found.push(...page.messages.map(({ messageId, subject = '', size }) => ({ messageId, subject, size })));
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return found;
  }
}

export const kill: ProofSteps = () => {
  it.skipIf(WITHOUT_SMTP_SOURCE !== undefined)(
    '37 kill -9 at random under smtp-source: every 250 is there, and once',
    async () => {
      await using at = await liveMailbox('--mailbox-trust', '127.0.0.1');
      const { inboxId } = await at.client.inboxes.create({ username: 'support' });
      const sources = Array.from({ length: 3 }, (_, number) => new SmtpSource(at.smtp, inboxId, `source ${number}`));
      const running = sources.map((source) => source.run());
      const acknowledged = () => sources.reduce((sum, source) => sum + source.acknowledged, 0);
      await killAgainAndAgain(at, async (count) => {
        const until = acknowledged() + count;
        while (acknowledged() < until) await Promise.race(sources.map((source) => source.heard));
      });
      for (const source of sources) source.end();
      await Promise.all(running);

      const found = await allMails(at, inboxId);
      expect(new Set(found.map(({ messageId }) => messageId)).size, 'each once').toBe(found.length);
      const kept = Map.groupBy(found, ({ subject }) => subject);
      for (const { subject, acknowledged: count } of sources.flatMap(({ runs }) => runs)) {
        const there = kept.get(subject)?.length ?? 0;
        expect(there, `${subject}: all that were answered 250`).toBeGreaterThanOrEqual(count);
        // The last one may have been kept by a node that was killed before it could say so.
        expect(there, `${subject}: and no other`).toBeLessThanOrEqual(count + 1);
      }
      expect(sources.flatMap(({ runs }) => runs).length, 'smtp-source had to begin again').toBeGreaterThan(
        sources.length,
      );
    },
  );

  it('37 kill -9 at random while mail comes in: what was answered 250 is there once, and octet for octet', async () => {
    await using at = await liveMailbox('--mailbox-trust', '127.0.0.1', '--mailbox-authserv', 'mx.example.com');
    const { inboxId } = await at.client.inboxes.create({ username: 'support' });
    const senders = new Senders(at, inboxId);
    const running = Array.from({ length: CONNECTIONS }, () => senders.run());
    await killAgainAndAgain(at, (count) => senders.more(count));
    senders.end();
    await Promise.all(running);

    const counts = new Map<string, number>();
    for (const { messageId } of await allMails(at, inboxId)) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
    const expected = [...senders.acknowledged].map((number) => [idOf(number), 1] as const);
    expect(new Map([...counts].sort())).toEqual(new Map(expected.sort()));
    for (const number of senders.acknowledged) {
      const { downloadUrl } = await at.client.inboxes.messages.getRaw(inboxId, idOf(number));
      const raw = await (await fetch(downloadUrl)).text();
      expect(raw.endsWith(`\r\n${rawOf(number)}`), idOf(number)).toBe(true);
    }
  });
};
