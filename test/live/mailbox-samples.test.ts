// What the mailbox's README hears of mail with, by webhook and by socket, taken out of it and run as it is printed, against a real node.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../scripts/host-process.ts';
import { type LiveMailbox, liveMailbox, mailOf } from '../support/live-mailbox.ts';
import { SmtpTalk } from '../support/smtp-talk.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const POLL = { timeout: LIVE_MS_MAX / 2 };

/** The README's block that exports that name. */
function sampleOf(name: string): string {
  const readme = readFileSync(join(ROOT, 'node', 'mailbox', 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  return blocks.find((code) => new RegExp(`^export .*\\b${name}\\b`, 'm').test(code)) ?? expect.fail(`no ${name}`);
}

/** Lines that a program says, which calls a sample. */
class Program implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #directory = mkdtempSync(join(tmpdir(), 'mailbox-samples-'));
  readonly #process;

  constructor(sample: string, call: string) {
    symlinkSync(join(ROOT, 'node_modules'), join(this.#directory, 'node_modules'));
    const file = join(this.#directory, 'sample.mts');
    writeFileSync(file, `${sample}\n${call}`);
    this.#process = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'ignore'] });
    createInterface(this.#process.stdout).on('line', (line) => this.lines.push(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}

describe('the samples of the mailbox’s README', () => {
  let live: LiveMailbox;
  let inboxId: string;

  beforeAll(async () => {
    live = await liveMailbox();
    ({ inboxId } = await live.client.inboxes.create({ username: 'support' }));
  }, LIVE_MS_MAX);
  afterAll(() => live?.[Symbol.asyncDispose](), LIVE_MS_MAX);

  async function receive(id: string, subject: string): Promise<void> {
    await using talk = await SmtpTalk.open(live.smtp, 'EHLO mx.y.com');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say(`RCPT TO:<${inboxId}>`);
    expect((await talk.mail(mailOf(id, subject, '', 'Hello.')))[0]).toMatch(/^250 /);
  }

  it('receive what a webhook is told, and nothing that nobody has signed', { timeout: LIVE_MS_MAX }, async () => {
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}/hook`;
    const { secret } = await live.client.webhooks.create({ url, eventTypes: ['message.received'] });
    const call = `receiver('${secret}').listen(${port}, '127.0.0.1', () => console.log('listening'));`;
    await using program = new Program(sampleOf('receiver'), call);
    await expect.poll(() => program.lines, POLL).toEqual(['listening']);
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(400);
    await receive('<hook@y.com>', 'By webhook');
    await expect.poll(() => program.lines[1], POLL).toMatch(/^\S+ Jane <jane@y\.com> By webhook$/);
  });

  it('hear by a socket of a mail that comes in', { timeout: LIVE_MS_MAX }, async () => {
    const parts = JSON.stringify({ apiKey: live.apiKey, baseUrl: live.host.url });
    const call = `import { AgentMailClient } from 'agentmail';
await listen(new AgentMailClient(${parts}), '${inboxId}');`;
    await using program = new Program(sampleOf('listen'), call);
    await expect.poll(() => program.lines, POLL).toEqual(['subscribed']);
    await receive('<socket@y.com>', 'By socket');
    await expect.poll(() => program.lines[1], POLL).toMatch(/^\S+ Jane <jane@y\.com> By socket$/);
  });
});
