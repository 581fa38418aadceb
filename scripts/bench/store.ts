// What the disk costs: lone commits and grouped ones beside a bare write and fsync on the same disk, what is written for them, and coming back
// with 100,000 records. Records are as large as an agent with two addresses, about 600 characters.
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../node/log.ts';
import { openStore } from '../../node/store/disk-store.ts';
import type { Store } from '../../node/store/store.ts';
import { type Benchmark, type Figure, median } from './figure.ts';

const LONE_COMMITS = 300;
const MAILS = 2_000;
const MAIL_CONNECTIONS = 10;
const MAIL_CHARACTERS = 4_096;
/** What the kernel has been given to write by this process, in octets; Linux only. */
const IO_COUNTERS = '/proc/self/io';
const COMMITTERS = 64;
const COMMITS_EACH = 50;
const RECORDS_LOADED = 100_000;
const RECORDS_PER_COMMIT = 5_000;
/** One page of SQLite's with its header in the -wal, the least that a commit writes. */
const RAW_BYTES = 4_120;
const LONE = 'lone commits';
const LONE_P50 = 'a lone commit, p50';
const GROUPED = `records, one a commit, ${COMMITTERS} committers at once`;
const OCTETS_LONE = 'octets written for a lone commit of 600 octets';
const OCTETS_MAIL = `octets written for a mail of 4 KiB, ${MAIL_CONNECTIONS} at once: accepted, marked, concluded`;
const OPENING = `opening with ${RECORDS_LOADED.toLocaleString('en')} records, every page checked`;
const LOADING = `loading ${RECORDS_LOADED.toLocaleString('en')} records`;
/** So many mails fill all files of the commit log. */
const USES_BEFORE = 3;
/** What we promise of a mail of 4 KiB that is sent. */
const MAIL_OCTETS_MAX = 8_192;
/** Rises through the rounds, so that every commit writes new keys. */
let made = 0;

const silent: Log = { info: () => {}, warn: () => {}, error: () => {} };

export const storeBenchmark: Benchmark = {
  name: 'store',
  about:
    'What the disk costs: lone commits and grouped ones, what is written for them (as the kernel counts it, on Linux), and reading everything back.',
  figures: [...[LONE, LONE_P50, GROUPED], ...[OCTETS_LONE, OCTETS_MAIL], ...[OPENING, LOADING]],
  async run(rounds) {
    const parent = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
    try {
      return [
        ...(await measureCommits(parent, rounds)),
        ...(await measureOctets(parent)),
        ...(await measureLoad(parent, rounds)),
      ];
    } finally {
      rmSync(parent, { recursive: true });
    }
  },
};

async function measureCommits(parent: string, rounds: number): Promise<readonly Figure[]> {
  const store = await openStore({ directory: join(parent, 'commits'), log: silent });
  const raw: number[] = [];
  const lone: number[] = [];
  const grouped: number[] = [];
  const [rawMs, loneMs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    raw.push(perSecond(LONE_COMMITS, await timed(async () => writeAndSync(join(parent, 'raw'), LONE_COMMITS, rawMs))));
    lone.push(perSecond(LONE_COMMITS, await timed(() => commitInTurn(store, LONE_COMMITS, loneMs))));
    const committers = () => Promise.all(Array.from({ length: COMMITTERS }, () => commitInTurn(store, COMMITS_EACH)));
    grouped.push(perSecond(COMMITTERS * COMMITS_EACH, await timed(committers)));
  }
  await store.close();
  const baseline = { name: 'write of one page and fsync', value: median(raw) };
  return [
    { name: LONE, value: median(lone), unit: '1/s', baseline },
    {
      name: LONE_P50,
      value: median(loneMs),
      unit: 'ms',
      baseline: { name: `${baseline.name}, p50`, value: median(rawMs) },
    },
    { name: GROUPED, value: median(grouped), unit: '1/s', baseline },
  ];
}

/**
 * The store is closed before it is counted, so that what it owes its database is counted too. It is used before, until its commit log has all the
 * files that this use needs: they are made once.
 */
async function measureOctets(parent: string): Promise<readonly Figure[]> {
  if (!existsSync(IO_COUNTERS)) return [];
  const perUse = async (name: string, count: number, use: (store: Store) => Promise<void>) => {
    const directory = join(parent, name);
    const used = await openStore({ directory, log: silent });
    for (let times = 0; times < USES_BEFORE; times += 1) await use(used);
    await used.close();
    const store = await openStore({ directory, log: silent });
    await store.commit([nextRecord()]);
    const before = octetsWritten();
    await use(store);
    await store.close();
    return (octetsWritten() - before) / count;
  };
  const before = octetsWritten();
  writeAndSync(join(parent, 'raw'), LONE_COMMITS);
  const baseline = { name: 'one page written and synced', value: (octetsWritten() - before) / LONE_COMMITS };
  const lone = await perUse('lone', MAILS, (store) => commitInTurn(store, MAILS));
  const mail = await perUse('mail', MAILS, async (store) => {
    const connection = async (first: number) => {
      for (let number = first; number < MAILS; number += MAIL_CONNECTIONS) await handleMail(store, number);
    };
    await Promise.all(Array.from({ length: MAIL_CONNECTIONS }, (_, first) => connection(first)));
  });
  return [
    { name: OCTETS_LONE, value: lone, unit: 'B', baseline },
    {
      name: OCTETS_MAIL,
      value: mail,
      unit: 'B',
      baseline,
      target: '≤ 8 KB',
      kept: mail <= MAIL_OCTETS_MAX,
    },
  ];
}

/** What the send module commits for a mail, in records of its sizes: the content is there from acceptance to conclusion only. */
async function handleMail(store: Store, number: number): Promise<void> {
  const id = String(number).padStart(9, '0');
  const message = (state: string) => ({ key: `message/${id}`, value: { id, state, text: 'x'.repeat(500) } });
  const content = { key: `content/${id}`, value: 'x'.repeat(MAIL_CHARACTERS) };
  await store.commit([message('accepted'), content, { key: `sent-key/${id}`, value: id }]);
  await store.commit([{ key: `sending/${id}`, value: id }]);
  await store.commit([
    message('sent'),
    { key: content.key, value: undefined },
    { key: `sending/${id}`, value: undefined },
    { key: 'sequence', value: number },
    { key: `change/${id}`, value: { id, text: 'x'.repeat(400) } },
  ]);
}

function octetsWritten(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(IO_COUNTERS, 'utf8'))?.[1]);
}

async function measureLoad(parent: string, rounds: number): Promise<readonly Figure[]> {
  const directory = join(parent, 'load');
  const filled = await openStore({ directory, log: silent });
  for (let count = 0; count < RECORDS_LOADED; count += RECORDS_PER_COMMIT) {
    await filled.commit(Array.from({ length: RECORDS_PER_COMMIT }, nextRecord));
  }
  await filled.close();
  const opening: number[] = [];
  const loading: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    const store = await openStore({ directory, log: silent });
    opening.push(performance.now() - start);
    loading.push(await timed(() => loadAll(store)));
    await store.close();
  }
  const target = 'under a second';
  const kept = median(loading) < 1_000;
  return [
    { name: OPENING, value: median(opening), unit: 'ms' },
    { name: LOADING, value: median(loading), unit: 'ms', target, kept },
  ];
}

/** `tookMs`: takes the milliseconds of each. */
async function commitInTurn(store: Store, count: number, tookMs: number[] = []): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    const record = nextRecord();
    tookMs.push(await timed(() => store.commit([record])));
  }
}

async function loadAll(store: Store): Promise<void> {
  let count = 0;
  for await (const page of store.load('')) count += page.length;
  if (count !== RECORDS_LOADED) throw new Error(`The store gave ${count} records of ${RECORDS_LOADED}.`);
}

function nextRecord(): { key: string; value: unknown } {
  made += 1;
  const id = String(made).padStart(9, '0');
  const address = (n: number) => ({ address: `agent-${id}-${n}@example.com`, key: `agent-${id}-${n}@example.com`, n });
  return {
    key: `agent/${id}`,
    value: { id, name: `agent-${id}`, addresses: [address(1), address(2)], note: 'x'.repeat(350) },
  };
}

function writeAndSync(path: string, count: number, tookMs: number[] = []): void {
  const file = openSync(path, 'w');
  const bytes = new Uint8Array(RAW_BYTES).fill(1);
  for (let done = 0; done < count; done += 1) {
    const start = performance.now();
    writeSync(file, bytes);
    fsyncSync(file);
    tookMs.push(performance.now() - start);
  }
  closeSync(file);
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function perSecond(count: number, ms: number): number {
  return (count * 1_000) / ms;
}
