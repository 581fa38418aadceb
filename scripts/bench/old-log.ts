// How long a node whose change log has millions of old entries takes from its process's birth to its ready line, beside the same node with none.
// The entries are written straight into the store, for nobody has the time to make so many changes.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import type { AgentEntry } from '../../node/changes/change-log.ts';
import { END_KEY, entryWrites } from '../../node/changes/change-records.ts';
import { openStore } from '../../node/store/disk-store.ts';
import { ProcessMesh } from '../host-process.ts';
import { type Benchmark, median } from './figure.ts';

const ENTRIES = 200_000;
const ENTRIES_IN_FULL = 5_000_000;
const RECORDS_PER_COMMIT = 4_000;
const DAY_MS = 86_400_000;
const RATIO_MAX = 1.1;
const QUIET = ['--log-level', 'error'];

export const oldLogBenchmark: Benchmark = {
  name: 'old-log',
  about: 'How long a node starts whose change log has many old entries, beside the same node with none.',
  figures: [nameOf(ENTRIES)],
  figuresInFull: [nameOf(ENTRIES_IN_FULL)],
  async run(rounds, { full = false, keep } = {}) {
    const entries = full ? ENTRIES_IN_FULL : ENTRIES;
    await using stack = new AsyncDisposableStack();
    const parent = keep ?? (await mkdtemp(join(tmpdir(), 'old-log-')));
    if (keep === undefined) stack.defer(() => rm(parent, { recursive: true }));
    const directory = await filled(parent, entries);
    const none = stack.use(await ProcessMesh.create([{ id: 'mac' }], { flags: QUIET }));
    const long = stack.use(await ProcessMesh.create([{ id: 'mac' }], { flags: [...QUIET, '--data', directory] }));
    const hosts = [none, long].map((mesh) => mesh.host('mac'));
    // The first start of each decides who votes.
    for (const host of hosts) {
      await host.start();
      await host.stop();
    }
    const tookMs: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1)
      for (const [at, host] of hosts.entries()) {
        const startMs = performance.now();
        await host.start();
        tookMs[at]?.push(performance.now() - startMs);
        await host.stop();
      }
    const [noneMs, longMs] = tookMs.map(median) as [number, number];
    return [
      {
        name: nameOf(entries),
        value: longMs,
        unit: 'ms',
        baseline: { name: 'start with none', value: noneMs },
        target: `≤ ${RATIO_MAX} ×`,
        kept: longMs <= RATIO_MAX * noneMs,
      },
    ];
  },
};

function nameOf(entries: number): string {
  return `start with ${entries.toLocaleString('en')} old entries of the log`;
}

/** A data directory with so many entries; one that is there already is taken as it is. */
async function filled(parent: string, entries: number): Promise<string> {
  const directory = join(parent, `log-of-${entries}`);
  if (existsSync(directory)) return directory;
  await mkdir(parent, { recursive: true });
  await rm(`${directory}.new`, { recursive: true, force: true });
  await fill(`${directory}.new`, entries);
  await rename(`${directory}.new`, directory);
  return directory;
}

/** Entries of the day before, as the registry writes them, up to the end that the log says. */
async function fill(directory: string, entries: number): Promise<void> {
  const store = await openStore({ directory, log: { info: () => {}, warn: () => {}, error: () => {} } });
  const logId = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  const timestamp = new Date(Date.now() - DAY_MS).toISOString();
  const [chain, digest] = ['c'.repeat(43), EMPTY_DIGEST];
  for (let seq = 1; seq <= entries; ) {
    const writes: Write[] = [];
    for (; writes.length < RECORDS_PER_COMMIT && seq <= entries; seq += 1)
      writes.push(...entryWrites(entryAt(seq, { logId, timestamp, chain, digest })));
    await store.commit(writes);
  }
  await store.commit([{ key: END_KEY, value: { seq: entries, logId, n: entries, chain, digest } }]);
  await store.close();
}

interface Told {
  readonly logId: string;
  readonly timestamp: string;
  readonly chain: string;
  readonly digest: string;
}

function entryAt(seq: number, { logId, timestamp, chain, digest }: Told): AgentEntry {
  const address = `address-${seq % 1_000}@bench.example.com`;
  return {
    ...{ seq, id: `00000000-0000-7000-8000-${String(seq).padStart(12, '0')}`, timestamp, event: 'agent.email.changed' },
    agent: { id: `agent-${seq % 1_000}` as AgentId, name: `agent-${seq % 1_000}`, hostId: 'mac' as HostId },
    changes: { added: [], removed: [], modified: [address], current: [address] } as unknown as AgentEntry['changes'],
    ...{ sequence: seq, place: { logId, n: seq }, chain, digest },
  };
}
