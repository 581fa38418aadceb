// Mails of public test suites, whole and broken in every way, into one real node by LMTP and by HTTP: it must neither crash nor hang, be ready all
// the while, and have every mail that it took, octet for octet.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startDnsServer } from '../../test/support/dns-server.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';
import { freePorts, type HostProcess, ProcessMesh } from '../host-process.ts';
import { mailsOfClone, maskedMails, octetsOf, sampledMails } from './mail-corpus.ts';

/** Milliseconds for the answer to one mail, on a machine that has other things to do. */
const ANSWER_MS_MAX = 20_000;
const WATCHED_EACH_MS = 50;
const ASKED_AGAIN_MS = 200;
const INBOX = 'support@agents.example.com';
/** Pieces that parsers stumble over. */
const HOSTILE = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  '--',
  '=',
  '=?utf-8?b?',
  '\x1b$B',
  '\xff\xfe',
  '.\r\n',
  '"',
  '(',
  '<',
  ';',
  ':',
];

export interface MailRunOptions {
  readonly seed: number;
  /** Mails that are broken, beside all that are whole. */
  readonly broken: number;
  /** Clones of further suites, whose mails are among those that are whole. */
  readonly clones?: readonly string[];
  /** Ends earlier than that. */
  readonly secondsMax?: number;
}

export interface MailRun {
  /** Mails that are whole, all of which come by LMTP, and how many of them were taken. */
  readonly whole: { readonly count: number; readonly taken: number };
  /** Mails that differ. */
  readonly taken: number;
  readonly refused: number;
  readonly violations: readonly string[];
}

interface World {
  readonly host: HostProcess;
  readonly apiKey: string;
  readonly lmtp: number;
}

export async function runMail(
  { seed, broken, clones = [], secondsMax = 600 }: MailRunOptions,
  say: (line: string) => void,
): Promise<MailRun> {
  const random = seededRandom(seed);
  const corpus = [...sampledMails(), ...maskedMails(), ...clones.flatMap((clone) => mailsOfClone(clone))].map(octetsOf);
  await using world = await takingWorld();
  await using line = new LmtpLine(world.lmtp);
  const violations: string[] = [];
  const watch = watchReady(world, violations);
  const run = { taken: new Map<string, Buffer>(), refused: 0 };
  const bring = async (name: string, mail: Buffer, answer: Promise<boolean | undefined>) => {
    const isTaken = await answer;
    if (isTaken === undefined) violations.push(`${name} was not answered within ${ANSWER_MS_MAX / 1_000} s`);
    else if (isTaken) run.taken.set(hashOf(mail), mail);
    else run.refused += 1;
  };
  for (const [at, mail] of corpus.entries()) {
    await bring(`mail ${at}`, mail, line.bring(mail));
    if (at % 500 === 499) say(`${at + 1} mails, ${violations.length} violations`);
  }
  const whole = { count: corpus.length, taken: corpus.length - run.refused };
  const untilMs = Date.now() + secondsMax * 1_000;
  for (let at = 0; at < broken && Date.now() < untilMs; at += 1) {
    const mail = mutated(corpus[Math.floor(random.next() * corpus.length)] as Buffer, random);
    await bring(`broken mail ${at}`, mail, at % 3 === 2 ? ingested(world, mail) : line.bring(mail));
    if (at % 500 === 499) say(`${at + 1} broken mails, ${violations.length} violations`);
  }
  violations.push(...(await missing(world, run.taken)));
  await watch.end();
  if (world.host.log.includes('mailbox.worker_ended')) violations.push('a worker of the mailbox ended');
  return { whole, taken: run.taken.size, refused: run.refused, violations };
}

/** A node with an inbox that takes mail by LMTP. */
async function takingWorld(): Promise<World & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const [lmtp = 0] = await freePorts(1);
  const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-lmtp', `127.0.0.1:${lmtp}`];
  // There is no domain at all, so that all mail is nobody's.
  const dns = stack.use(await startDnsServer(() => 'absent'));
  const mesh = stack.use(await ProcessMesh.create([{ id: 'mac' }], { flags: [...flags, '--mailbox-dns', dns.at] }));
  await mesh.start();
  const host = mesh.host('mac');
  const apiKey = readFileSync(join(host.dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
  const world = { host, apiKey, lmtp };
  await asked(world, '/v0/inboxes', { method: 'POST', body: JSON.stringify({ username: 'support' }) });
  const owned = stack.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** One to eight places changed: octets, hostile pieces, parts that are cut, said twice, or put elsewhere. */
function mutated(whole: Buffer, random: { next(): number }): Buffer {
  const below = (count: number) => Math.floor(random.next() * count);
  let mail = whole;
  for (let changes = 1 + below(8); changes > 0; changes -= 1) {
    const [from, to] = [below(mail.length), below(mail.length)].sort((one, other) => one - other) as [number, number];
    const piece = mail.subarray(from, Math.min(to, from + 2_000));
    const hostile = Buffer.from((HOSTILE[below(HOSTILE.length)] ?? '').repeat(1 + below(40)), 'latin1');
    const ways = [
      [mail.subarray(0, from), hostile, mail.subarray(from)],
      [mail.subarray(0, from), mail.subarray(from + piece.length)],
      [mail.subarray(0, from), piece, piece, piece, mail.subarray(from)],
      [mail.subarray(0, from), Buffer.from([below(256)]), mail.subarray(from + 1)],
      [mail.subarray(from), Buffer.from('\r\n'), mail.subarray(0, from)],
    ];
    mail = Buffer.concat(ways[below(ways.length)] ?? [mail]);
  }
  return mail.subarray(-2).equals(Buffer.from('\r\n')) ? mail : Buffer.concat([mail, Buffer.from('\r\n')]);
}

/** One connection for many mails, as a mail server keeps it; another one where it ends. */
class LmtpLine implements AsyncDisposable {
  readonly #port: number;
  #talk: SmtpTalk | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Whether it was taken; `undefined`: there was no answer in time. */
  async bring(mail: Buffer): Promise<boolean | undefined> {
    const late = new AbortController();
    const answered = this.#answer(mail);
    const answer = await Promise.race([answered, pause(ANSWER_MS_MAX, undefined, { signal: late.signal })]);
    late.abort();
    if (answer === undefined) await this[Symbol.asyncDispose]();
    return answer;
  }

  async #answer(mail: Buffer): Promise<boolean | undefined> {
    if (!(await this.#begin())) {
      // The node ends a connection that is open for long, or that it has refused much on.
      await this[Symbol.asyncDispose]();
      if (!(await this.#begin())) return false;
    }
    const [answer = ''] = (await this.#talk?.mail(mail)) ?? [];
    return answer === '' ? undefined : answer.startsWith('250');
  }

  /** Whether the recipient was taken. */
  async #begin(): Promise<boolean> {
    this.#talk ??= await SmtpTalk.open(this.#port, 'LHLO mx.y.com');
    await this.#talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
    return (await this.#talk.say(`RCPT TO:<${INBOX}>`)).startsWith('250');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const talk = this.#talk;
    this.#talk = undefined;
    await talk?.[Symbol.asyncDispose]();
  }
}

async function ingested(world: World, mail: Buffer): Promise<boolean | undefined> {
  const options = { method: 'POST', body: new Uint8Array(mail), headers: { 'content-type': 'message/rfc822' } };
  try {
    const response = await asked(world, `/api/mailbox/ingest?to=${INBOX}&mail_from=jane@y.com`, options);
    return response.status === 200;
  } catch {
    // There was no answer within the time.
    return undefined;
  }
}

/** Asks again where the key has asked too often for now. */
async function asked({ host, apiKey }: World, path: string, options: RequestInit = {}): Promise<Response> {
  const own = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const headers = { ...own, ...(options.headers as object) };
  for (;;) {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`${host.url}${path}`, { ...options, headers, signal });
    if (response.status !== 429) return response;
    await response.arrayBuffer();
    await pause(ASKED_AGAIN_MS);
  }
}

function watchReady(world: World, violations: string[]) {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { status } = await asked(world, '/ready');
      if (status !== 200) violations.push(`/ready answered ${status}`);
      await pause(WATCHED_EACH_MS);
    }
  })().catch((error: unknown) => violations.push(`/ready did not answer: ${error}`));
  return {
    end: async () => {
      isOver = true;
      await watching;
    },
  };
}

/** What the inbox does not have of the mails that were taken, or has not octet for octet. Two that are the same are kept once. */
async function missing(world: World, taken: ReadonlyMap<string, Buffer>): Promise<readonly string[]> {
  const found = new Set<string>();
  const path = `/v0/inboxes/${INBOX}/messages`;
  for (let token = ''; ; ) {
    const page = await asked(world, `${path}?limit=100&include_unauthenticated=true${token}`);
    const { messages, next_page_token: next } = (await page.json()) as {
      messages: { message_id: string }[];
      next_page_token?: string;
    };
    for (const { message_id: id } of messages) {
      const raw = (await (await asked(world, `${path}/${encodeURIComponent(id)}/raw`)).json()) as {
        download_url: string;
      };
      const octets = Buffer.from(await (await fetch(raw.download_url)).arrayBuffer());
      found.add(hashOf(octets.subarray(octets.indexOf('+0000\r\n') + 7)));
    }
    if (next === undefined) break;
    token = `&page_token=${next}`;
  }
  const duplicates = taken.size - found.size;
  const lost = [...taken].filter(([hash, mail]) => !found.has(hash) && !hasTwin(mail, found, taken));
  return lost.map(
    ([hash]) => `a mail that was taken is not there (${hash.slice(0, 12)}; ${duplicates} fewer than taken)`,
  );
}

/** Tells whether a mail with the same body is there, which this one counts as when its name, sender and date are the same (mail-digest.ts). */
function hasTwin(mail: Buffer, found: ReadonlySet<string>, taken: ReadonlyMap<string, Buffer>): boolean {
  const body = bodyOf(mail);
  return [...taken].some(([hash, other]) => found.has(hash) && other !== mail && bodyOf(other).equals(body));
}

function bodyOf(mail: Buffer): Buffer {
  const at = /\r?\n\r?\n/.exec(mail.toString('latin1'));
  return at === null ? Buffer.alloc(0) : mail.subarray(at.index + at[0].length);
}

function hashOf(mail: Uint8Array): string {
  return createHash('sha256').update(mail).digest('hex');
}
