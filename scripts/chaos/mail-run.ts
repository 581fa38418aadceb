// Mails of public test suites, whole and broken in every way, into one real node by SMTP, by LMTP and by HTTP, and beside them dialogues and
// questions that nobody should hold or ask: the node must neither crash nor hang, be ready all the while, keep within its memory, and have every
// mail that it took, octet for octet.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../mesh/ports.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';
import { serveZone } from '../../test/support/zone.ts';
import { freePorts, ProcessMesh } from '../host-process.ts';
import { holdDialogue } from './hostile-dialogues.ts';
import { LmtpLine } from './lmtp-line.ts';
import { mailsOfClone, maskedMails, octetsOf, sampledMails } from './mail-corpus.ts';
import { fromJane, mutated } from './mail-mutations.ts';
import { MailboxAsker } from './mailbox-asker.ts';
import { askHostileQuestions } from './question-run.ts';
import { shownThreads } from './shown-threads.ts';

/**
 * Milliseconds for an answer. What it takes a node by itself can't be told apart here: its threads answer several mails, dialogues and questions
 * at a time, and share the machine with who asks. So this is what nobody may exceed, however much else there is to do.
 */
const ANSWER_MS_MAX = 20_000;
const WATCHED_EACH_MS = 50;
/** Mails of one inbox, which gets 10,000 a day; what they are is looked at before the next one gets some. */
const BATCH_MAILS = 2_000;
/** Mails that are handed over at the same time, and that are read again. */
const TOGETHER = 3;
/** Mails that one machine may send in a minute. */
const MAILS_PER_SENDER = 100;
const RSS_MIB_MAX = 900;
/** Mail from y.com is its own when it comes from this machine; nobody answers for any other domain. */
const ZONE: Readonly<Record<string, readonly string[]>> = {
  'y.com': ['v=spf1 ip4:127.0.0.0/8 -all'],
  '_dmarc.y.com': ['v=DMARC1; p=reject'],
};
/** What those from y.com are about. */
const TALKS = 10;
/** Descriptors of a node that is asked by a few. */
const FILES_MAX = 300;

export interface MailRunOptions {
  readonly seed: number;
  /** Mails that are broken, beside all that are whole. */
  readonly broken: number;
  /** How many of the mails that are whole, at most; absent: all. */
  readonly wholeMax?: number;
  /** Clones of further suites, whose mails are among those that are whole. */
  readonly clones?: readonly string[];
  /** Dialogues, and questions of every route, at most; absent: none. */
  readonly dialogues?: number;
  readonly questions?: number;
  /** Ends earlier than that. */
  readonly secondsMax?: number;
}

export interface MailRun {
  /** Mails that are whole, all of which come by LMTP, and how many of them were taken. */
  readonly whole: { readonly count: number; readonly taken: number };
  /** Mails that differ. */
  readonly taken: number;
  /** Mails of those that are broken that are not in quarantine, and threads of several of them. */
  readonly authenticated: number;
  readonly joined: number;
  readonly refused: number;
  readonly dialogues: number;
  readonly questions: number;
  readonly violations: readonly string[];
}

interface World {
  readonly asker: MailboxAsker;
  readonly smtp: number;
  readonly lmtp: number;
  readonly violations: string[];
  readonly isOver: () => boolean;
}

/** By the hash of a mail that was taken, that of its body. */
type Taken = Map<string, string>;

export async function runMail(options: MailRunOptions, say: (line: string) => void): Promise<MailRun> {
  const { seed, broken, wholeMax, clones = [], dialogues = 0, questions = 0, secondsMax = 600 } = options;
  const [smtp = 0, lmtp = 0] = await freePorts(2);
  const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-mx', 'mx.example.com'];
  const listening = ['--mailbox-lmtp', `127.0.0.1:${lmtp}`, '--mailbox-smtp', `127.0.0.1:${smtp}`];
  await using dns = await serveZone(new Map(Object.entries(ZONE)));
  await using mesh = await ProcessMesh.create([{ id: 'mac' }], {
    flags: [...flags, ...listening, '--mailbox-dns', dns.at],
  });
  await mesh.start();
  const host = mesh.host('mac');
  const untilMs = Date.now() + secondsMax * 1_000;
  const asker = await MailboxAsker.of(host);
  const violations: string[] = [];
  const world: World = { asker, smtp, lmtp, violations, isOver: () => Date.now() > untilMs };
  const watch = watchReady(world);
  const [mailed, talked, asked] = await Promise.all([
    sendMails(world, { broken, wholeMax, clones, random: seededRandom(seed) }, say),
    talk(world, dialogues, seededRandom(seed + 1)),
    askHostileQuestions({ ...world, count: questions, random: seededRandom(seed + 2) }, say),
  ]);
  await watch.end();
  violations.push(...asked.violations, ...boundsBroken(host.pid ?? 0));
  if (host.log.includes('mailbox.worker_ended')) violations.push('a worker of the mailbox ended');
  return { ...mailed, dialogues: talked, questions: asked.count, violations };
}

interface ToSend {
  readonly broken: number;
  readonly wholeMax: number | undefined;
  readonly clones: readonly string[];
  readonly random: Random;
}

/** All that are whole, one after the other, and then as many that are broken, an inbox after the other. */
async function sendMails(
  world: World,
  { broken, wholeMax, clones, random }: ToSend,
  say: (line: string) => void,
): Promise<Omit<MailRun, 'dialogues' | 'questions' | 'violations'>> {
  const corpus = [...sampledMails(), ...maskedMails(), ...clones.flatMap((clone) => mailsOfClone(clone))].map(octetsOf);
  const sent = corpus.slice(0, wholeMax);
  const whole = await sendWhole(world, sent);
  say(`${sent.length} whole mails, ${world.violations.length} violations`);
  const mails = corpus.flatMap((mail, at) => [mail, fromJane(mail, at % TALKS)]);
  let [at, taken, refused, authenticated, joined] = [0, whole.kept.size, whole.refused, 0, 0];
  for (let batch = 0; at < broken && !world.isOver(); batch += 1) {
    const inboxId = await world.asker.newInbox(`support-${batch}`);
    const kept: Taken = new Map();
    const end = Math.min(broken, at + BATCH_MAILS);
    const work = async () => {
      while (at < end && !world.isOver()) {
        const number = at++;
        const mail = mutated(mails, random);
        const isTaken = await handedOver(world, { number, mail, inboxId });
        if (isTaken === undefined) world.violations.push(`broken mail ${number} was not answered in time`);
        else if (isTaken) kept.set(hashOf(mail), hashOf(bodyOf(mail)));
        else refused += 1;
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, work));
    world.violations.push(...(await missing(world.asker, inboxId, kept)));
    const shown = await shownThreads(world.asker, inboxId);
    world.violations.push(...shown.violations);
    taken += kept.size;
    authenticated += shown.mails;
    joined += shown.joined;
    say(`${at} broken mails, ${world.violations.length} violations`);
  }
  return { whole: { count: sent.length, taken: sent.length - whole.refused }, taken, refused, authenticated, joined };
}

async function sendWhole(world: World, corpus: readonly Buffer[]) {
  const inboxId = await world.asker.newInbox('support');
  await using line = new LmtpLine(world.lmtp, inboxId, ANSWER_MS_MAX);
  const kept: Taken = new Map();
  let refused = 0;
  for (const [number, mail] of corpus.entries()) {
    const isTaken = await line.bring(mail);
    if (isTaken === undefined) world.violations.push(`mail ${number} was not answered in time`);
    else if (isTaken) kept.set(hashOf(mail), hashOf(bodyOf(mail)));
    else refused += 1;
  }
  world.violations.push(...(await missing(world.asker, inboxId, kept)));
  return { kept, refused };
}

interface HandedMail {
  readonly number: number;
  readonly mail: Buffer;
  readonly inboxId: string;
}

/** Whether it was taken, by one way after the other; `undefined`: there was no answer in time. */
async function handedOver(world: World, handed: HandedMail): Promise<boolean | undefined> {
  const late = new AbortController();
  const ways = [delivered, delivered, ingested] as const;
  const answered = (ways[handed.number % 3] ?? ingested)(world, handed);
  const first = await Promise.race([answered, pause(ANSWER_MS_MAX, undefined, { signal: late.signal })]);
  late.abort();
  return first;
}

async function delivered({ smtp, lmtp }: World, { number, mail, inboxId }: HandedMail): Promise<boolean | undefined> {
  const isSmtp = number % 3 === 0;
  const sender = isSmtp ? senderOf(Math.floor(number / MAILS_PER_SENDER)) : undefined;
  await using talk = await SmtpTalk.open(isSmtp ? smtp : lmtp, `${isSmtp ? 'EHLO' : 'LHLO'} mx.y.com`, sender);
  await talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
  await talk.say(`RCPT TO:<${inboxId}>`);
  const [answer = ''] = await talk.mail(mail);
  return answer === '' ? undefined : answer.startsWith('250');
}

/** A machine of loopback. */
const senderOf = (number: number) => `127.1.${Math.floor(number / 200) % 200}.${1 + (number % 200)}`;

async function ingested({ asker }: World, { mail, inboxId }: HandedMail): Promise<boolean> {
  const options = { method: 'POST', body: new Uint8Array(mail), headers: { 'content-type': 'message/rfc822' } };
  const sender = 'mail_from=jane@y.com&ip=127.0.0.1&helo=mx.y.com';
  return (await asker.ask(`/api/mailbox/ingest?to=${inboxId}&${sender}`, options)).status === 200;
}

/** Holds dialogues, and finds what was kept of their mails. */
async function talk(world: World, count: number, random: Random): Promise<number> {
  if (count === 0) return 0;
  const { asker, smtp, lmtp, violations } = world;
  let [held, inboxId, mails] = [0, '', 0];
  for (; held < count && !world.isOver(); held += 1) {
    if (held % 500 === 0) {
      inboxId = await asker.newInbox(`dialogues-${held}`);
      mails = 0;
    }
    const isSmtp = held % 2 === 0;
    const dialogue = {
      port: isSmtp ? smtp : lmtp,
      inboxId,
      mark: `d${held}`,
      localAddress: senderOf(20_000 + Math.floor(held / 20)),
    };
    try {
      const { kept, faults } = await holdDialogue(dialogue, random, AbortSignal.timeout(ANSWER_MS_MAX));
      violations.push(...faults);
      const known = await asker.count(inboxId);
      // By LMTP each recipient is answered, and it may be named more than once.
      const least = mails + (isSmtp ? kept : Math.min(kept, 1));
      if (known < least)
        violations.push(`dialogue ${held}: ${kept} mails were acknowledged, and ${known - mails} are there`);
      mails = known;
    } catch (error) {
      violations.push(`dialogue ${held}: ${error}`);
    }
  }
  return held;
}

function watchReady({ asker, violations }: World) {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const { status } = await asker.ask('/ready');
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

/** What the inbox does not have of the mails that were taken, or has not octet for octet. */
async function missing(asker: MailboxAsker, inboxId: string, taken: Taken): Promise<readonly string[]> {
  const found = new Set<string>();
  const ids = await asker.messageIds(inboxId);
  const read = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const octets = await asker.raw(inboxId, id);
      found.add(hashOf(octets.subarray(octets.indexOf('+0000\r\n') + 7)));
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, read));
  // Two with the same name, sender, date and body are kept once (mail-digest.ts).
  const bodies = new Set([...taken].filter(([hash]) => found.has(hash)).map(([, body]) => body));
  const lost = [...taken].filter(([hash, body]) => !found.has(hash) && !bodies.has(body));
  return lost.map(([hash]) => `a mail that was taken is not there (${hash.slice(0, 12)})`);
}

/** Where the system tells of a process: what it has used at most, and has open. */
function boundsBroken(pid: number): readonly string[] {
  if (process.platform !== 'linux') return [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssMib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  const files = readdirSync(`/proc/${pid}/fd`).length;
  return [
    ...(rssMib > RSS_MIB_MAX ? [`the node has used ${Math.round(rssMib)} MiB`] : []),
    ...(files > FILES_MAX ? [`the node has ${files} open files`] : []),
  ];
}

function bodyOf(mail: Buffer): Buffer {
  const at = /\r?\n\r?\n/.exec(mail.toString('latin1'));
  return at === null ? Buffer.alloc(0) : mail.subarray(at.index + at[0].length);
}

function hashOf(mail: Uint8Array): string {
  return createHash('sha256').update(mail).digest('hex');
}
