// Many mails that come in on several connections, each of which is a machine that has sent nothing yet.
import { expect } from 'vitest';
import { mailOf } from './live-mailbox.ts';
import { SmtpTalk } from './smtp-talk.ts';

/** As many as one machine may send in a minute. */
const MAILS_PER_SENDER = 100;
/** A machine each of 127.0.0.0/8, which nobody else in a test is. */
let sendersUsed = 0;
const FIRST_SENDER = 60;

export interface Burst {
  readonly port: number;
  readonly to: string;
  /** The ids of the mails, in the order in which each connection sends its own. */
  readonly ids: readonly string[];
  /** How many connections are open at a time. */
  readonly connections?: number;
}

/** Resolves when each was answered 250. */
export async function sendBurst({ port, to, ids, connections = 4 }: Burst): Promise<void> {
  const left = [...ids];
  const work = async () => {
    while (left.length > 0) await sendSome(port, to, left.splice(0, MAILS_PER_SENDER));
  };
  await Promise.all(Array.from({ length: connections }, work));
}

async function sendSome(port: number, to: string, ids: readonly string[]): Promise<void> {
  const sender = FIRST_SENDER + sendersUsed;
  sendersUsed += 1;
  await using talk = await SmtpTalk.open(
    port,
    'EHLO mx.y.com',
    `127.0.${Math.floor(sender / 200)}.${(sender % 200) + 1}`,
  );
  for (const id of ids) {
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say(`RCPT TO:<${to}>`);
    expect((await talk.mail(mailOf(id, `Mail ${id}`, '', 'Words.')))[0]).toMatch(/^250/);
  }
}
