// A whole node that takes mail by SMTP for inboxes of its own, as the benchmarks of the mailbox ask it; and Postfix's source, which hands
// mail over on connections that it keeps.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDnsServer } from '../../test/support/dns-server.ts';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';
import { freePorts, ProcessMesh } from '../host-process.ts';
import { authenticMails } from './authentic-mail.ts';
import { processCpuMs } from './idle-mesh.ts';

const BODY_BYTES = 4_096;
const DOMAIN = 'agents.example.com';
const run = promisify(execFile);

export class ReceivingNode implements AsyncDisposable {
  /** Port of loopback. */
  readonly smtp: number;
  readonly url: string;
  readonly key: string;
  readonly pid: number | undefined;
  /** A mail that is from whom it says, by the DNS that the node asks. `name`: what stands in its Message-ID before `@y.com`. */
  readonly mailOf: (name: string) => string;
  readonly #stack: AsyncDisposableStack;
  #claimed = 0;

  private constructor(
    stack: AsyncDisposableStack,
    node: Pick<ReceivingNode, 'url' | 'key' | 'smtp' | 'pid' | 'mailOf'>,
  ) {
    this.#stack = stack;
    [this.url, this.key, this.smtp, this.pid, this.mailOf] = [node.url, node.key, node.smtp, node.pid, node.mailOf];
  }

  /** `main`: the main file of another version. */
  static async start(main?: string): Promise<ReceivingNode> {
    await using stack = new AsyncDisposableStack();
    const { zone, mailOf } = await authenticMails(BODY_BYTES);
    const dns = stack.use(
      await startDnsServer((name, type) => (type === 'TXT' ? zone.get(name) : undefined) ?? 'absent'),
    );
    const [smtp = 0] = await freePorts(1);
    const flags = [
      ...['--mailbox', '--mailbox-domain', DOMAIN, '--mailbox-smtp', `127.0.0.1:${smtp}`],
      // A stranger may hand over a hundred mails a minute.
      ...['--mailbox-dns', dns.at, '--mailbox-trust', '127.0.0.1'],
    ];
    const mesh = stack.use(
      await ProcessMesh.create([{ id: 'mac' }], { flags, ...(main === undefined ? {} : { main }) }),
    );
    await mesh.start();
    const { url, dataDirectory, pid } = mesh.host('mac');
    const key = readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
    return new ReceivingNode(stack.move(), { url, key, smtp, pid, mailOf });
  }

  /** Answers the inbox's address. An inbox takes 10,000 mails a day. */
  async inbox(name: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ username: name });
    const response = await fetch(`${this.url}/v0/inboxes`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`An inbox was answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
    return `${name}@${DOMAIN}`;
  }

  /** What the node has found out of who sent the newest mail of an inbox, such as `{ spf: 'pass', … }`. */
  async verdict(inbox: string): Promise<unknown> {
    const url = `${this.url}/v0/inboxes/${encodeURIComponent(inbox)}/messages`;
    const read = async (from: string) =>
      (await (await fetch(from, { headers: { authorization: `Bearer ${this.key}` } })).json()) as {
        readonly messages?: readonly { readonly message_id: string }[];
        readonly authentication_results?: unknown;
      };
    const { messages: [newest] = [] } = await read(`${url}?limit=1&include_unauthenticated=true`);
    if (newest === undefined) throw new Error(`There is no mail in ${inbox}.`);
    return (await read(`${url}/${encodeURIComponent(newest.message_id)}`)).authentication_results;
  }

  /** Milliseconds that a claim takes. */
  async claim(): Promise<number> {
    const name = `claimer-${this.#claimed++}`;
    const startedMs = performance.now();
    const response = await fetch(`${this.url}/api/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, tools: { email: { addresses: [{ address: `${name}@mail.example.com` }] } } }),
    });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`A claim was answered ${response.status}.`);
    return performance.now() - startedMs;
  }

  /** Milliseconds of CPU that the process has used, all its threads together. */
  cpuMs(): Promise<number> {
    return processCpuMs(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** One connection of a gateway, on which mails go one after the other; each is said to be from this machine, and so from whom it says. */
export class MailLine implements AsyncDisposable {
  readonly #talk: SmtpTalk;
  readonly #to: string;
  readonly #mailOf: (name: string) => string;

  private constructor(talk: SmtpTalk, to: string, mailOf: (name: string) => string) {
    [this.#talk, this.#to, this.#mailOf] = [talk, to, mailOf];
  }

  /** `mailOf`: makes a mail of what stands in its Message-ID before `@y.com`; absent: one without a signature. */
  static async open(port: number, to: string, mailOf = plainMail): Promise<MailLine> {
    return new MailLine(await SmtpTalk.open(port, 'EHLO mx.y.com'), to, mailOf);
  }

  /** Milliseconds from the end of the mail to its 250. `name`: what stands in its Message-ID before `@y.com`. */
  async send(name: string): Promise<number> {
    await this.#talk.say('XFORWARD ADDR=127.0.0.1 HELO=mx.y.com SOURCE=REMOTE');
    await this.#talk.say('MAIL FROM:<jane@y.com>');
    await this.#talk.say(`RCPT TO:<${this.#to}>`);
    await this.#talk.say('DATA');
    const mail = this.#mailOf(name);
    const startedMs = performance.now();
    const answer = await this.#talk.say(`${mail}.`);
    if (!answer.startsWith('250')) throw new Error(`A mail was answered '${answer}'.`);
    return performance.now() - startedMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#talk[Symbol.asyncDispose]();
  }
}

function plainMail(name: string): string {
  return `Message-ID: <${name}@y.com>\r\nFrom: jane@y.com\r\n\r\n${'words and words\r\n'.repeat(BODY_BYTES / 17)}`;
}

/** Hands over so many mails on `connections`, with Postfix's own source. It is trusted, and says nothing of the sender: its mail is unauthenticated. */
export async function smtpSource(mails: {
  readonly port: number;
  readonly to: string;
  readonly count: number;
  readonly connections: number;
  /** Octets of each body; absent: 4 KiB. */
  readonly bytes?: number;
}): Promise<void> {
  const counts = ['-s', String(mails.connections), '-m', String(mails.count), '-l', String(mails.bytes ?? BODY_BYTES)];
  await run('smtp-source', ['-d', ...counts, '-f', 'jane@y.com', '-t', mails.to, `127.0.0.1:${mails.port}`]);
}
