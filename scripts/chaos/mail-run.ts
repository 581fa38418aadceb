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

const CORPUS = new URL('../../test/data/mails.json', import.meta.url);
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
  /** Ends earlier than that. */
  readonly secondsMax?: number;
}

export interface MailRun {
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
  { seed, broken, secondsMax = 600 }: MailRunOptions,
  say: (line: string) => void,
): Promise<MailRun> {
  const random = seededRandom(seed);
  const corpus = corpusMails();
  const [lmtp = 0] = await freePorts(1);
  const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-lmtp', `127.0.0.1:${lmtp}`];
  // There is no domain at all, so that all mail is nobody's.
  await using dns = await startDnsServer(() => 'absent');
  await using mesh = await ProcessMesh.create([{ id: 'mac' }], { flags: [...flags, '--mailbox-dns', dns.at] });
  await mesh.start();
  const host = mesh.host('mac');
  const apiKey = readFileSync(join(host.dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
  const world = { host, apiKey, lmtp };
  await asked(world, '/v0/inboxes', { method: 'POST', body: JSON.stringify({ username: 'support' }) });
  const violations: string[] = [];
  const watch = watchReady(world, violations);
  const run = { taken: new Map<string, Buffer>(), refused: 0 };
  const untilMs = Date.now() + secondsMax * 1_000;
  for (let at = 0; at < corpus.length + broken && Date.now() < untilMs; at += 1) {
    const whole = corpus[at % corpus.length] as Buffer;
    const mail = at < corpus.length ? whole : mutated(whole, random);
    const isTaken = at % 3 === 2 ? await ingested(world, mail) : await delivered(world, mail);
    if (isTaken === undefined) violations.push(`mail ${at} was not answered within ${ANSWER_MS_MAX / 1_000} s`);
    else if (isTaken) run.taken.set(hashOf(mail), mail);
    else run.refused += 1;
    if (at % 500 === 499) say(`${at + 1} mails, ${violations.length} violations`);
  }
  violations.push(...(await missing(world, run.taken)));
  await watch.end();
  if (host.log.includes('mailbox.worker_ended')) violations.push('a worker of the mailbox ended');
  return { taken: run.taken.size, refused: run.refused, violations };
}

function corpusMails(): readonly Buffer[] {
  const { mails } = JSON.parse(readFileSync(CORPUS, 'utf8')) as { mails: { raw: string }[] };
  return mails.map(({ raw }) =>
    Buffer.from(`${raw.replace(/\r?\n/g, '\r\n').replace(/(?:\r\n)*$/, '')}\r\n`, 'latin1'),
  );
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

/** Whether it was taken; `undefined`: there was no answer in time. */
async function delivered({ lmtp }: World, mail: Buffer): Promise<boolean | undefined> {
  const late = new AbortController();
  const answered = (async () => {
    await using talk = await SmtpTalk.open(lmtp, 'LHLO mx.y.com');
    await talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
    await talk.say(`RCPT TO:<${INBOX}>`);
    const [answer = ''] = await talk.mail(mail);
    return answer === '' ? undefined : answer.startsWith('250');
  })();
  const first = await Promise.race([answered, pause(ANSWER_MS_MAX, undefined, { signal: late.signal })]);
  late.abort();
  return first;
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
