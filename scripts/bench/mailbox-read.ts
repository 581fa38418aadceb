// How long a list of threads takes in an inbox of a million mails, the first page and one half-way down, beside the same question asked of
// the database alone; and what such an inbox costs a start and in memory, beside an empty one.
import { join } from 'node:path';
import { type Connection, openForReading } from '../../node/mailbox/store/database.ts';
import { MailReader } from '../../node/mailbox/store/mail-reader.ts';
import { ThreadReader } from '../../node/mailbox/store/thread-reader.ts';
import { systemClock } from '../../node/system/clock.ts';
import { startDnsServer } from '../../test/support/dns-server.ts';
import { freePorts, type HostProcess, type ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { residentMbOf } from './grown-host.ts';
import { LARGE_MAILS, largeMailFigure } from './large-mails.ts';
import { asked, fillInbox, INBOX, MAILS, MAILS_PER_THREAD, meshWithInbox, TOKEN, timeOf } from './million-mails.ts';

/** A key may ask 50 times a second. */
const KEYS = 20;
const REQUESTS_PER_ROUND = 40;
/** After its ready line a node compacts its heap, once. */
const SETTLED_MS = 2_000;
/** What we promise. */
const THREADS_MS_MAX = 5;
const START_MORE_MS_MAX = 500;
const MEMORY_MORE_MB_MAX = 150;

const START = 'start';
const MEMORY = 'resident memory';
const PAGES = ['the first page', 'half-way down'] as const;

export const mailboxReadBenchmark: Benchmark = {
  name: 'mailbox-read',
  about:
    'What an inbox of a million mails costs: a start and memory beside an empty one, also while large mails come in, and a page of its threads over HTTP beside the same question asked of the database alone.',
  figures: [...[START, MEMORY].map(ofMillion), ...PAGES.map(pageName), LARGE_MAILS],
  async run(rounds) {
    const [smtp = 0] = await freePorts(1);
    await using dns = await startDnsServer(() => 'absent');
    const flags = ['--mailbox-smtp', `127.0.0.1:${smtp}`, '--mailbox-trust', '127.0.0.1', '--mailbox-dns', dns.at];
    await using empty = await meshWithInbox();
    await using full = await meshWithInbox(...flags);
    await fillInbox(join(full.host('mac').dataDirectory, 'mailbox'));
    const starts = await startFigures(empty.host('mac'), full.host('mac'), rounds);
    const emptyMb = starts.find(({ unit }) => unit === 'MB')?.baseline?.value ?? Number.NaN;
    const lists = await listFigures(full, rounds);
    return [...starts, ...lists, await largeMailFigure({ host: full.host('mac'), smtp, emptyMb, rounds })];
  },
};

function ofMillion(what: string): string {
  return `${what}, a million mails`;
}

function pageName(place: (typeof PAGES)[number]): string {
  return `50 threads of a million mails over HTTP, ${place}, p50`;
}

async function startFigures(empty: HostProcess, full: HostProcess, rounds: number): Promise<readonly Figure[]> {
  const seen = { emptyMs: [], fullMs: [], emptyMb: [], fullMb: [] } as Record<string, number[]>;
  for (let round = 0; round < rounds; round += 1)
    for (const [host, name] of [
      [empty, 'empty'],
      [full, 'full'],
    ] as const) {
      const sinceMs = performance.now();
      await host.start();
      seen[`${name}Ms`]?.push(performance.now() - sinceMs);
      await asked(`${host.url}/v0/threads`, TOKEN);
      await systemClock.sleep(SETTLED_MS);
      seen[`${name}Mb`]?.push(await residentMbOf(host.pid));
      await host.stop();
    }
  const figure = (name: string, unit: string, of: string, moreMax: number): Figure => {
    const [value, baseline] = [median(seen[`full${of}`] ?? []), median(seen[`empty${of}`] ?? [])];
    return {
      ...{ name: ofMillion(name), value, unit, baseline: { name: 'with none', value: baseline } },
      ...{ target: `≤ ${moreMax} ${unit} more`, kept: value - baseline <= moreMax },
    };
  };
  return [figure(START, 'ms', 'Ms', START_MORE_MS_MAX), figure(MEMORY, 'MB', 'Mb', MEMORY_MORE_MB_MAX)];
}

async function listFigures(mesh: ProcessMesh, rounds: number): Promise<readonly Figure[]> {
  const host = mesh.host('mac');
  await host.start();
  const keys: string[] = [];
  for (let made = 0; made < KEYS; made += 1)
    keys.push(JSON.parse(await asked(`${host.url}/v0/api-keys`, TOKEN, '{}')).api_key);
  const connection = openForReading(join(host.dataDirectory, 'mailbox'));
  const figures: Figure[] = [];
  for (const [name, before] of [
    [PAGES[0], undefined],
    [PAGES[1], timeOf(MAILS - MAILS / MAILS_PER_THREAD / 2)],
  ] as const) {
    const query = before === undefined ? '' : `?before=${new Date(before).toISOString()}`;
    const [tookMs, aloneMs]: [number[], number[]] = [[], []];
    for (let at = 0; at < rounds * REQUESTS_PER_ROUND; at += 1) {
      const sinceMs = performance.now();
      await asked(`${host.url}/v0/inboxes/${INBOX}/threads${query}`, keys[at % KEYS] ?? '');
      tookMs.push(performance.now() - sinceMs);
      aloneMs.push(aloneMsOf(connection, before));
    }
    const value = median(tookMs);
    figures.push({
      ...{ name: pageName(name), value, unit: 'ms' },
      baseline: { name: 'asked of the database alone', value: median(aloneMs) },
      ...{ target: `≤ ${THREADS_MS_MAX} ms`, kept: value <= THREADS_MS_MAX },
    });
  }
  connection.close();
  await host.stop();
  return figures;
}

function aloneMsOf(connection: Connection, before: number | undefined): number {
  const reader = new ThreadReader(connection, new MailReader(connection));
  const filter = { labels: [], include: [], from: [], to: [], subject: [], before };
  const sinceMs = performance.now();
  const { items } = reader.list({ ...filter, inboxId: INBOX, limit: 50, isAscending: false });
  if (items.length !== 50) throw new Error(`A page has ${items.length} threads.`);
  return performance.now() - sinceMs;
}
