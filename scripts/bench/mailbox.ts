// What a mail costs that comes in: taken by SMTP on ten kept connections and on the disk before its 250, by a whole node process; beside a real
// Postfix that delivers the same into Maildirs. What a sender waits meanwhile, and what somebody waits who claims an address.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startDnsServer } from '../../test/support/dns-server.ts';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';
import { freePorts, ProcessMesh } from '../host-process.ts';
import { Postfix, whyNoPostfix } from '../postfix.ts';
import { type Benchmark, type Figure, median, quantile } from './figure.ts';

const MAILS = 2_000;
const CONNECTIONS = 10;
const BODY_BYTES = 4_096;
const CLAIMS = 100;
const INBOX = 'support@agents.example.com';
const run = promisify(execFile);

/** Durable receipt of mail. */
export const mailboxBenchmark: Benchmark = {
  name: 'mailbox',
  async run(rounds) {
    const why = whyNoPostfix();
    if (why !== undefined) throw new Error(`This benchmark needs Postfix: ${why}.`);
    await using postfix = await Postfix.start();
    await using node = await ReceivingNode.start();
    const rates: { ours: number[]; postfix: number[] } = { ours: [], postfix: [] };
    for (let round = 0; round <= rounds; round += 1) {
      const ours = await perSecond(() => source(node.smtp, INBOX));
      const already = (await postfix.mailbox('bob')).length;
      const theirs = await perSecond(async () => {
        await source(postfix.port, 'bob@mail.example.com');
        await postfix.mailboxOf('bob', already + MAILS, 120_000);
      });
      // The first round warms both of them up.
      if (round === 0) continue;
      rates.ours.push(ours);
      rates.postfix.push(theirs);
    }
    return [...receipts(median(rates.ours), median(rates.postfix)), ...(await waits(node))];
  },
};

function receipts(ours: number, theirs: number): readonly Figure[] {
  return [
    {
      name: 'mail received durably, 4 KiB, 10 connections',
      value: ours,
      unit: '1/s',
      baseline: { name: 'Postfix into Maildirs', value: theirs },
      target: '≥ 400/s and ≥ 1.2 ×',
      kept: ours >= 400 && ours >= 1.2 * theirs,
    },
  ];
}

/** What senders wait for their 250, and what a claim takes quiet and meanwhile. */
async function waits(node: ReceivingNode): Promise<readonly Figure[]> {
  const quiet = await node.claims();
  const sent = { ms: [] as number[], isOver: false };
  const senders = Array.from({ length: CONNECTIONS }, (_, at) => node.sender(at, sent));
  const meanwhile = await node.claims();
  sent.isOver = true;
  await Promise.all(senders);
  const p99 = quantile(sent.ms, 0.99);
  const [busyMs, quietMs] = [median(meanwhile), median(quiet)];
  return [
    { name: 'from the end of a mail to its 250, p99', value: p99, unit: 'ms', target: '≤ 150 ms', kept: p99 <= 150 },
    {
      name: 'a claim meanwhile, p50',
      value: busyMs,
      unit: 'ms',
      baseline: { name: 'quiet', value: quietMs },
      target: '≤ 1.5 ×',
      kept: busyMs <= 1.5 * quietMs,
    },
  ];
}

class ReceivingNode implements AsyncDisposable {
  readonly smtp: number;
  readonly #stack: AsyncDisposableStack;
  readonly #url: string;
  #claimed = 0;

  private constructor(stack: AsyncDisposableStack, url: string, smtp: number) {
    [this.#stack, this.#url, this.smtp] = [stack, url, smtp];
  }

  static async start(): Promise<ReceivingNode> {
    await using stack = new AsyncDisposableStack();
    const dns = stack.use(await startDnsServer((_, type) => (type === 'TXT' ? ['v=DMARC1; p=none'] : 'absent')));
    const [smtp = 0] = await freePorts(1);
    const flags = [
      ...['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-smtp', `127.0.0.1:${smtp}`],
      // A stranger may hand over a hundred mails a minute.
      ...['--mailbox-dns', dns.at, '--mailbox-trust', '127.0.0.1'],
    ];
    const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }], { flags }));
    await mesh.start();
    const { url, dataDirectory } = mesh.host('mac');
    const key = readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    await fetch(`${url}/v0/inboxes`, { method: 'POST', headers, body: JSON.stringify({ username: 'support' }) });
    return new ReceivingNode(stack.move(), url, smtp);
  }

  /** Milliseconds of each of some claims, one after the other. */
  async claims(): Promise<readonly number[]> {
    const took: number[] = [];
    for (let claim = 0; claim < CLAIMS; claim += 1) {
      const name = `claimer-${this.#claimed++}`;
      const startedMs = performance.now();
      const response = await fetch(`${this.#url}/api/agents`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, tools: { email: { addresses: [{ address: `${name}@mail.example.com` }] } } }),
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`A claim was answered ${response.status}.`);
      took.push(performance.now() - startedMs);
    }
    return took;
  }

  /** Sends mail on one connection until `sent` is over. */
  async sender(connection: number, sent: { readonly ms: number[]; isOver: boolean }): Promise<void> {
    await using talk = await SmtpTalk.open(this.smtp, 'EHLO mx.y.com');
    for (let mail = 0; !sent.isOver; mail += 1) {
      await talk.say('MAIL FROM:<jane@y.com>');
      await talk.say(`RCPT TO:<${INBOX}>`);
      await talk.say('DATA');
      const startedMs = performance.now();
      const header = `Message-ID: <${connection}.${mail}@y.com>\r\nFrom: jane@y.com\r\n\r\n`;
      const answer = await talk.say(`${header}${'words and words\r\n'.repeat(BODY_BYTES / 17)}.`);
      if (!answer.startsWith('250')) throw new Error(`A mail was answered '${answer}'.`);
      sent.ms.push(performance.now() - startedMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  await pause(1_000);
  const startedMs = performance.now();
  await work();
  return MAILS / ((performance.now() - startedMs) / 1_000);
}

/** Postfix's own source, on connections that it keeps. */
function source(port: number, to: string): Promise<unknown> {
  const counts = ['-s', String(CONNECTIONS), '-m', String(MAILS), '-l', String(BODY_BYTES)];
  return run('smtp-source', ['-d', ...counts, '-f', 'jane@y.com', '-t', to, `127.0.0.1:${port}`]);
}
