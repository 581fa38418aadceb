// The listeners for mail of a host, over a real database, with a clock and a DNS of the test's own. Its inboxes are a@x.com and b@x.com; y.com
// sends from 127.0.0.1, strict.com wants refused what is not its own, and of late.com the DNS says nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Listener, type ListenerParts, type ListenPlace, listen } from '../../node/mailbox/intake/listener.ts';
import { MailRates } from '../../node/mailbox/intake/mail-rates.ts';
import { TrustedPeers } from '../../node/mailbox/intake/trusted-peers.ts';
import { Writer } from '../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../node/mailbox/threads/thread-choice.ts';
import { seededRandom } from './seeded-random.ts';
import { SmtpTalk } from './smtp-talk.ts';
import { VirtualClock } from './virtual-clock.ts';

const INBOXES = ['a@x.com', 'b@x.com'];

export class MailIntake implements AsyncDisposable {
  readonly directory: string;
  readonly clock = new VirtualClock();
  readonly failures: Error[] = [];
  readonly writer: Writer;
  /** Of the listener that `open` began. */
  listener: Listener | undefined;

  private constructor(writer: Writer, directory: string) {
    this.writer = writer;
    this.directory = directory;
  }

  static async create(): Promise<MailIntake> {
    const directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
    const threads = { chooseThread, baseSubject };
    const writer = await Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', ...threads });
    const intake = new MailIntake(writer, directory);
    for (const inboxId of INBOXES) await intake.addInbox(inboxId);
    return intake;
  }

  get port(): number {
    return this.listener?.port ?? 0;
  }

  /** One more inbox. */
  async addInbox(inboxId: string): Promise<void> {
    await this.writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await this.writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
  }

  partsOf(protocol: 'smtp' | 'lmtp'): ListenerParts {
    const { writer, clock, directory } = this;
    return {
      ...{ protocol, writer, resolve, clock, directory, hostId: 'mac', rates: new MailRates(clock) },
      ...{ trusted: new TrustedPeers([]), proxies: [], authservIds: ['mx.example.com'] },
      inboxFor: (address) => writer.inboxFor(address),
      serves: (domain) => domain === 'x.com',
      standingOf: async ({ addresses }) => ({
        kind: addresses.some((one) => INBOXES.includes(one)) ? 'held' : 'nobodys',
      }),
      failed: (error) => this.failures.push(error),
    };
  }

  /** A connection that has said hello, to the listener that the first of them began. */
  async open(protocol: 'smtp' | 'lmtp', more: Partial<ListenerParts> = {}, place?: ListenPlace): Promise<SmtpTalk> {
    this.listener ??= await listen(place ?? { host: '127.0.0.1', port: 0 }, { ...this.partsOf(protocol), ...more });
    return SmtpTalk.open(this.listener.port, `${protocol === 'smtp' ? 'EHLO' : 'LHLO'} mx.y.com`);
  }

  /** Rows, read by a connection of its own, as the reader has one. */
  read(sql: string): readonly Record<string, never>[] {
    const database = new DatabaseSync(join(this.directory, 'mailbox.db'), { readOnly: true });
    const rows = database.prepare(sql).all();
    database.close();
    return rows as Record<string, never>[];
  }

  messages(): readonly Record<string, never>[] {
    return this.read(`SELECT inbox_id, message_id, subject, trace, hidden, raw.content FROM message
      JOIN inbox ON inbox.row = message.inbox JOIN raw ON raw.digest = message.raw ORDER BY inbox_id`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener?.close();
    this.writer.close();
    rmSync(this.directory, { recursive: true });
  }
}

const resolve: ListenerParts['resolve'] = async (name, type) => {
  if (name === 'y.com' && type === 'TXT') return [['v=spf1 ip4:127.0.0.1 -all']];
  if (name === '_dmarc.strict.com' && type === 'TXT') return [['v=DMARC1; p=reject']];
  if (name === '_dmarc.late.com') throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' });
  throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
};
