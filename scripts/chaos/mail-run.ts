// Mails of public test suites, whole and broken in every way, into one real node by SMTP, by LMTP and by HTTP, and beside them dialogues and
// questions that nobody should hold or ask: the node must neither crash nor hang, be ready all the while, keep within its memory, and have every
// mail that it took, octet for octet.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { SmtpTalk } from '../../test/support/smtp-talk.ts';
import { serveZone } from '../../test/support/zone.ts';
import { freePorts, ProcessMesh } from '../host-process.ts';
import { AnswerBound, type AskedAgain, timesOf, WAITED_MS_MAX } from './answer-bound.ts';
import { holdDialogues } from './dialogue-run.ts';
import { LmtpLine } from './lmtp-line.ts';
import { mailsOfClone, maskedMails, octetsOf, sampledMails } from './mail-corpus.ts';
import { fromJane, mutated } from './mail-mutations.ts';
import { type MailWorld, placesIn, senderOf } from './mail-world.ts';
import { MailboxAsker } from './mailbox-asker.ts';
import { askHostileQuestions } from './question-run.ts';
import { shownThreads } from './shown-threads.ts';
import { TakenMails } from './taken-mails.ts';
import { Violations } from './violations.ts';

const WATCHED_EACH_MS = 50;
/** Mails of one inbox, which gets 10,000 a day; what they are is looked at before the next one gets some. */
const BATCH_MAILS = 2_000;
/** Mails that are handed over at the same time. */
const TOGETHER = 3;
/** Mails that one machine may send in a minute. */
const MAILS_PER_SENDER = 100;
/**
 * What the system has counted of a node at most (`VmHWM`). No limit that a user may set himself counts that: `ulimit -v` and `prlimit --as` bound
 * what is reserved, of which V8 takes many GiB at its start and uses a little; Linux heeds no `ulimit -m`; a cgroup is an administrator's to make.
 */
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
/** Then the run ends, for all else is wrong as well. */
const VIOLATIONS_MAX = 40;

export interface MailRunOptions {
  readonly seed: number;
  /** Mails that are broken, beside all that are whole. */
  readonly broken: number;
  /** Number of the first of them that is sent, to repeat what was found; absent: 0. */
  readonly from?: number;
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
  readonly again: AskedAgain;
  readonly violations: readonly string[];
}

/** What is found wrong is said at once, also when the run ends before its time. */
export async function runMail(options: MailRunOptions, say: (line: string) => void): Promise<MailRun> {
  const { seed, broken, from = 0, wholeMax, clones = [], dialogues = 0, questions = 0, secondsMax = 600 } = options;
  const [smtp = 0, lmtp = 0] = await freePorts(2);
  const flags = ['--mailbox', '--mailbox-domain', 'agents.example.com', '--mailbox-mx', 'mx.example.com'];
  const listening = ['--mailbox-lmtp', `127.0.0.1:${lmtp}`, '--mailbox-smtp', `127.0.0.1:${smtp}`];
  await using dns = await serveZone(new Map(Object.entries(ZONE)));
  await using mesh = await ProcessMesh.create([{ id: 'mac' }], {
    flags: [...flags, ...listening, '--mailbox-dns', dns.at],
  });
  await mesh.start();
  const host = mesh.host('mac');
  const pid = host.pid ?? 0;
  const untilMs = Date.now() + secondsMax * 1_000;
  const asker = await MailboxAsker.of(host);
  const violations = new Violations(say);
  const bound = new AnswerBound(violations, timesOf(pid));
  const isOver = () => Date.now() > untilMs || violations.found.length >= VIOLATIONS_MAX;
  const newPlace = placesIn(asker);
  const world: MailWorld = { seed, asker, smtp, lmtp, violations, bound, isOver, newPlace };
  const watch = watchReady(world);
  const [mailed, talked, asked] = await Promise.all([
    violations.guard('The mails', () => sendMails(world, { broken, from, wholeMax, clones }, say)),
    violations.guard('The dialogues', () => holdDialogues(world, dialogues)),
    violations.guard('The questions', () =>
      askHostileQuestions({ ...world, count: questions, random: seededRandom(seed + 2) }, say),
    ),
  ]);
  await watch.end();
  await violations.guard('The node', async () => lookAtBounds(pid, violations));
  if (host.log.includes('mailbox.worker_ended')) violations.add('a worker of the mailbox ended');
  const counts = { ...(mailed ?? NO_MAILS), dialogues: talked ?? 0, questions: asked ?? 0 };
  return { ...counts, again: bound.again, violations: violations.found };
}

type Mailed = Omit<MailRun, 'dialogues' | 'questions' | 'again' | 'violations'>;

const NO_MAILS: Mailed = { whole: { count: 0, taken: 0 }, taken: 0, authenticated: 0, joined: 0, refused: 0 };

interface ToSend {
  readonly broken: number;
  readonly from: number;
  readonly wholeMax: number | undefined;
  readonly clones: readonly string[];
}

/** All that are whole, one after the other, and then as many that are broken, an inbox after the other. */
async function sendMails(
  world: MailWorld,
  { broken, from, wholeMax, clones }: ToSend,
  say: (line: string) => void,
): Promise<Mailed> {
  const { asker, violations } = world;
  const random = seededRandom(world.seed);
  const corpus = [...sampledMails(), ...maskedMails(), ...clones.flatMap((clone) => mailsOfClone(clone))].map(octetsOf);
  const sent = corpus.slice(0, wholeMax);
  const whole = await sendWhole(world, sent);
  say(`${sent.length} whole mails, ${violations.found.length} violations`);
  const mails = corpus.flatMap((mail, at) => [mail, fromJane(mail, at % TALKS)]);
  for (let skipped = 0; skipped < from; skipped += 1) mutated(mails, random);
  let [at, taken, refused, authenticated, joined] = [from, whole.taken, whole.refused, 0, 0];
  for (let batch = 0; at < broken && !world.isOver(); batch += 1) {
    const inboxId = await asker.newInbox(`support-${batch}`);
    const kept = new TakenMails();
    const end = Math.min(broken, at + BATCH_MAILS);
    const work = async () => {
      while (at < end && !world.isOver()) {
        const number = at++;
        const mail = mutated(mails, random);
        const sender = senderOf(Math.floor(number / MAILS_PER_SENDER));
        const isTaken = await isHandedOver(world, { number, mail, inboxId, sender });
        if (isTaken === true) kept.add(`broken-mail-${number}`, mail);
        else if (isTaken === false) refused += 1;
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, work));
    await kept.lookFor(asker, inboxId, violations);
    const shown = await shownThreads(asker, inboxId);
    for (const violation of shown.violations) violations.add(`${inboxId}: ${violation}`);
    taken += kept.size;
    authenticated += shown.mails;
    joined += shown.joined;
    say(`${at} broken mails, ${violations.found.length} violations`);
  }
  return { whole: { count: sent.length, taken: sent.length - whole.refused }, taken, refused, authenticated, joined };
}

async function sendWhole(world: MailWorld, corpus: readonly Buffer[]) {
  const { asker, lmtp, bound, violations, newPlace } = world;
  const inboxId = await asker.newInbox('support');
  await using line = new LmtpLine(lmtp, inboxId, WAITED_MS_MAX);
  const kept = new TakenMails();
  let refused = 0;
  for (const [number, mail] of corpus.entries()) {
    const name = `whole-mail-${number}`;
    const octets = { [`${name}.eml`]: mail };
    const again = async () => {
      const place = await newPlace();
      return () => delivered(world, { number: 1, mail, ...place });
    };
    const isTaken = await bound.answer({ name, ask: () => line.bring(mail), again, octets });
    if (isTaken === undefined) violations.add(`${name} was not answered`, octets);
    else if (isTaken) kept.add(name, mail);
    else refused += 1;
  }
  await kept.lookFor(asker, inboxId, violations);
  return { taken: kept.size, refused };
}

interface HandedMail {
  /** By which its way is chosen. */
  readonly number: number;
  readonly mail: Buffer;
  readonly inboxId: string;
  /** Address from which it comes by SMTP. */
  readonly sender: string;
}

/** Whether it was taken; `undefined`: it was not answered, which was said. */
async function isHandedOver(world: MailWorld, handed: HandedMail): Promise<boolean | undefined> {
  const name = `broken-mail-${handed.number}`;
  const octets = { [`${name}.eml`]: handed.mail };
  const again = async () => {
    const place = await world.newPlace();
    return () => handedOver(world, { ...handed, ...place });
  };
  try {
    return await world.bound.answer({ name, ask: () => handedOver(world, handed), again, octets });
  } catch (error) {
    world.violations.add(`${name}: ${(error as Error).message}`, octets);
    return undefined;
  }
}

/** Whether it was taken, by one way after the other. Rejects where it was not answered in time, or never. */
async function handedOver(world: MailWorld, handed: HandedMail): Promise<boolean> {
  const late = new AbortController();
  const ways = [delivered, delivered, ingested] as const;
  const answered = (ways[handed.number % 3] ?? ingested)(world, handed);
  const none = pause(WAITED_MS_MAX, undefined, { signal: late.signal }).then(() => {
    throw new Error(`it was not answered in ${WAITED_MS_MAX} ms`);
  });
  try {
    return await Promise.race([answered, none]);
  } finally {
    late.abort();
  }
}

async function delivered({ smtp, lmtp }: MailWorld, { number, mail, inboxId, sender }: HandedMail): Promise<boolean> {
  const [port, hello] = number % 3 === 0 ? [smtp, 'EHLO'] : [lmtp, 'LHLO'];
  await using talk = await SmtpTalk.open(port, `${hello} mx.y.com`, port === smtp ? sender : undefined);
  await talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
  await talk.say(`RCPT TO:<${inboxId}>`);
  const [answer = ''] = await talk.mail(mail);
  if (answer === '') throw new Error(`the ${hello} server hung up`);
  return answer.startsWith('250');
}

async function ingested({ asker }: MailWorld, { mail, inboxId }: HandedMail): Promise<boolean> {
  const options = { method: 'POST', body: new Uint8Array(mail), headers: { 'content-type': 'message/rfc822' } };
  const sender = 'mail_from=jane@y.com&ip=127.0.0.1&helo=mx.y.com';
  return (await asker.ask(`/api/mailbox/ingest?to=${inboxId}&${sender}`, options)).status === 200;
}

function watchReady({ asker, violations }: MailWorld) {
  let isOver = false;
  const watching = violations.guard('Asking for /ready', async () => {
    while (!isOver) {
      const { status } = await asker.ask('/ready');
      if (status !== 200) violations.add(`/ready answered ${status}`);
      await pause(WATCHED_EACH_MS);
    }
  });
  return {
    end: async () => {
      isOver = true;
      await watching;
    },
  };
}

/** Where the system tells of a process: what it has used at most, and has open. */
function lookAtBounds(pid: number, violations: Violations): void {
  if (process.platform !== 'linux') return;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssMib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  const files = readdirSync(`/proc/${pid}/fd`).length;
  if (rssMib > RSS_MIB_MAX) violations.add(`the node has used ${Math.round(rssMib)} MiB`);
  if (files > FILES_MAX) violations.add(`the node has ${files} open files`);
}
