// How long it takes to find mails by their words in one inbox that has very many, over HTTP, beside the same question asked of the database alone.
// The mails say what people say: few words very often, most of them seldom.
import { join } from 'node:path';
import { openForReading } from '../../node/mailbox/store/database.ts';
import { MailReader } from '../../node/mailbox/store/mail-reader.ts';
import { SearchReader } from '../../node/mailbox/store/search-reader.ts';
import { ThreadReader } from '../../node/mailbox/store/thread-reader.ts';
import type { HostProcess } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { asked, fillInbox, INBOX, meshWithInbox, TOKEN } from './million-mails.ts';

const MAILS = 20_000;
const MAILS_IN_FULL = 1_000_000;
/** A key may ask 50 times a second. */
const KEYS = 20;
const REQUESTS_PER_ROUND = 20;
/** Words of each mail, and of all of them together. */
const WORDS = 60;
const VOCABULARY = 50_000;

interface Question {
  readonly what: string;
  readonly q: string;
  /** Milliseconds that are promised of a million mails. */
  readonly msMax?: number;
}

const QUESTIONS: readonly Question[] = [
  { what: 'a rare word', q: 'needle', msMax: 20 },
  { what: 'a word of every mail', q: 'w0', msMax: 150 },
  { what: 'two words of many mails', q: 'w1 w2', msMax: 150 },
  { what: 'a part of every sender', q: 'ane', msMax: 150 },
];
/** Each so manieth mail has the rare word. */
const RARE_OF = 100_000;

const nameOf = (mails: number, what: string) => `search in ${mails.toLocaleString('en')} mails: ${what}, p50`;
const indexedName = (mails: number) => `mails put into the index of words, ${mails.toLocaleString('en')} in one go`;
const namesFor = (mails: number) => [indexedName(mails), ...QUESTIONS.map(({ what }) => nameOf(mails, what))];

export const mailboxSearchBenchmark: Benchmark = {
  name: 'mailbox-search',
  about:
    'Mails found by their words in one inbox over HTTP, beside the same question asked of the database alone; and how fast mails are put into the index of words.',
  figures: namesFor(MAILS),
  figuresInFull: namesFor(MAILS_IN_FULL),
  async run(rounds, { full = false, sizes = [full ? MAILS_IN_FULL : MAILS] } = {}) {
    const figures: Figure[] = [];
    for (const mails of sizes) {
      await using mesh = await meshWithInbox();
      const host = mesh.host('mac');
      const tookMs = await fillInbox(join(host.dataDirectory, 'mailbox'), { mails, textOf });
      figures.push({ name: indexedName(mails), value: (mails * 1_000) / tookMs, unit: '1/s' });
      figures.push(...(await searchFigures(host, mails, rounds)));
    }
    return figures;
  },
};

async function searchFigures(host: HostProcess, mails: number, rounds: number): Promise<readonly Figure[]> {
  await host.start();
  const keys: string[] = [];
  for (let made = 0; made < KEYS; made += 1)
    keys.push(JSON.parse(await asked(`${host.url}/v0/api-keys`, TOKEN, '{}')).api_key);
  const connection = openForReading(join(host.dataDirectory, 'mailbox'));
  const mailReader = new MailReader(connection);
  const reader = new SearchReader(connection, mailReader, new ThreadReader(connection, mailReader));
  const figures: Figure[] = [];
  for (const { what, q, msMax } of QUESTIONS) {
    const [tookMs, aloneMs]: [number[], number[]] = [[], []];
    for (let at = 0; at < rounds * REQUESTS_PER_ROUND; at += 1) {
      const sinceMs = performance.now();
      const found = JSON.parse(
        await asked(
          `${host.url}/v0/inboxes/${INBOX}/messages/search?q=${encodeURIComponent(q)}`,
          keys[at % KEYS] ?? '',
        ),
      );
      tookMs.push(performance.now() - sinceMs);
      if (found.count === 0) throw new Error(`Nothing was found by '${q}'.`);
      const aloneSinceMs = performance.now();
      reader.mails({ inboxId: INBOX, words: q.split(' '), limit: 50 });
      aloneMs.push(performance.now() - aloneSinceMs);
    }
    const [value, name] = [median(tookMs), nameOf(mails, what)];
    const baseline = { name: 'asked of the database alone', value: median(aloneMs) };
    const isPromised = msMax !== undefined && mails >= MAILS_IN_FULL;
    figures.push({
      ...{ name, value, unit: 'ms', baseline },
      ...(isPromised ? { target: `≤ ${msMax} ms`, kept: value <= msMax } : {}),
    });
  }
  connection.close();
  await host.stop();
  return figures;
}

/** Words by their rank: the first in every mail, one of rank n in about one of n, always the same for a number. */
function textOf(number: number): string {
  let state = (number + 1) * 2_654_435_761;
  const words = Array.from({ length: WORDS }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
    return `w${Math.floor(VOCABULARY ** (state / 2 ** 32))}`;
  });
  return ['w0', ...words, ...(number % RARE_OF === 0 ? ['needle'] : [])].join(' ');
}
