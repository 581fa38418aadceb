// One measurement of large-host.ts, in a process of its own: its memory and its event loop are nobody else's.
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import { FEED_ITEMS_MAX } from '../../mesh/feed/limits.ts';
import type { SnapshotAgent, SnapshotAnswer } from '../../mesh/feed/messages.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import { StoredChangeLog } from '../../node/changes/stored-change-log.ts';
import { Copy } from '../../node/feed/copy.ts';
import { COPY_PREFIX, headWrite, rowWrite } from '../../node/feed/copy-records.ts';
import { announceGone } from '../../node/feed/departure.ts';
import type { FeedQuestions } from '../../node/feed/feed-questions.ts';
import { HostCopies } from '../../node/feed/host-copies.ts';
import { takeSnapshot } from '../../node/feed/snapshot-intake.ts';
import { readSnapshot } from '../../node/feed/snapshot-reader.ts';
import { openStore } from '../../node/store/disk-store.ts';
import { systemClock } from '../../node/system/clock.ts';
import { systemRandom } from '../../node/system/random.ts';
import { longestTurnMs } from './thread-cpu.ts';

/** `fill` writes what `load` reads as a copy, and `rows` as records alone; `atOnce` is `intake` without turns and without a disk. */
export type Job = 'fill' | 'load' | 'rows' | 'intake' | 'atOnce';

export interface Measured {
  readonly tookMs: number;
  readonly memoryMb: number;
  /** The longest turn of the event loop, as CPU, while rows came and while they went. */
  readonly heldMs: number;
  readonly goneHeldMs: number;
}

const [HOSTS, ADDRESSES, PER_AGENT, LARGE] = [1_000, 100, 10, 100_000];
const NOTHING: Measured = { tookMs: 0, memoryMb: 0, heldMs: 0, goneHeldMs: 0 };
const never = new AbortController().signal;
const log = { info: () => {}, warn: () => {}, error: () => {} };

const [job, directory = ''] = process.argv.slice(2) as [Job, string];
const JOBS: Readonly<Record<Job, () => Promise<Measured>>> = { fill, load, rows, intake, atOnce };
process.send?.(await JOBS[job]());
process.disconnect();

async function fill(): Promise<Measured> {
  await using store = await disposableStore();
  for (let host = 0; host < HOSTS; host += 1) {
    const hostId = `host-${host}` as HostId;
    const shown = rowsOf(hostId, ADDRESSES);
    const writes = shown.map((row) => rowWrite(hostId, row.key, row));
    await store.commit([...writes, headWrite(hostId, headOf(hostId, shown))]);
  }
  return NOTHING;
}

async function load(): Promise<Measured> {
  await using store = await disposableStore();
  return await grown(() => HostCopies.open(store, systemClock));
}

async function rows(): Promise<Measured> {
  await using store = await disposableStore();
  return await grown(async () => {
    const map = new Map<string, unknown>();
    for await (const page of store.load(COPY_PREFIX)) for (const { key, value } of page) map.set(key, value);
    return map;
  });
}

async function intake(): Promise<Measured> {
  await using store = await disposableStore();
  const ports = { store, clock: systemClock, random: systemRandom, log };
  const changes = await StoredChangeLog.open({ ...ports, digest: () => EMPTY_DIGEST });
  const copies = await HostCopies.open(store, systemClock);
  const hostId = 'large' as HostId;
  const agents = agentsOf(rowsOf(hostId, LARGE));
  const head = headOf(
    hostId,
    agents.flatMap((agent) => agent.rows),
  );
  // Pages come as text, as from a peer: to read them is part of the cost.
  const pages = Array.from({ length: Math.ceil(agents.length / FEED_ITEMS_MAX) }, (_, at) =>
    JSON.stringify(agents.slice(at * FEED_ITEMS_MAX, (at + 1) * FEED_ITEMS_MAX)),
  );
  const questions: Pick<FeedQuestions, 'page'> = { page: async ({ from }) => pageAt(from) };
  const pageAt = (from: number): SnapshotAnswer => {
    const some = JSON.parse(pages[from / FEED_ITEMS_MAX] ?? '[]') as readonly unknown[];
    return { kind: 'page', snapshot: 'one', agents: some, head, more: from + some.length < agents.length };
  };
  const ours = { copies, changes, clock: systemClock };
  const startMs = performance.now();
  const heldMs = await held(async () => {
    const source = { hostId, questions, isGenuine: () => true, parseAddress: parseIdentityAddress, clock: systemClock };
    const read = await readSnapshot(source, never);
    if (read.kind !== 'snapshot') throw new Error(`The snapshot was not read: ${JSON.stringify(read)}`);
    await takeSnapshot(ours, read, never);
  });
  const tookMs = performance.now() - startMs;
  if (copies.copy.size !== LARGE) throw new Error(`The copy has ${copies.copy.size} addresses.`);
  const goneHeldMs = await held(() => announceGone(ours, hostId, never));
  return { ...NOTHING, tookMs, heldMs, goneHeldMs };
}

async function atOnce(): Promise<Measured> {
  const copy = new Copy(systemClock);
  const hostId = 'large' as HostId;
  const put = rowsOf(hostId, LARGE);
  const heldMs = await held(async () => copy.change(hostId, { drop: [], put }));
  const goneHeldMs = await held(async () => copy.change(hostId, { drop: put.map(({ key }) => key), put: [] }));
  return { ...NOTHING, heldMs, goneHeldMs };
}

/** How long that took, and how much more memory there is with what it made. */
async function grown(make: () => Promise<unknown>): Promise<Measured> {
  const beforeMb = await usedMb();
  const startMs = performance.now();
  const made = await make();
  const tookMs = performance.now() - startMs;
  const memoryMb = (await usedMb()) - beforeMb;
  // So that it is still there by now.
  if (made === undefined) throw new Error('Nothing was made.');
  return { ...NOTHING, tookMs, memoryMb };
}

async function usedMb(): Promise<number> {
  await systemClock.sleep(100);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_024 / 1_024;
}

async function held(work: () => Promise<void>): Promise<number> {
  await systemClock.sleep(100);
  globalThis.gc?.();
  return longestTurnMs(work);
}

function rowsOf(hostId: HostId, count: number): readonly IndexRow[] {
  return Array.from({ length: count }, (_, at) => {
    const number = Math.floor(at / PER_AGENT);
    const address = `address-${at}.of-${hostId}@bench.example.com`;
    return {
      ...{ address: address as EmailAddress, key: address as AddressKey, hostId, primary: at % PER_AGENT === 0 },
      ...{ agentId: `agent-${hostId}-${number}` as AgentId, agentName: `agent-${number}` },
      displayName: `Agent ${number}`,
    };
  });
}

function agentsOf(all: readonly IndexRow[]): readonly SnapshotAgent[] {
  return Array.from({ length: all.length / PER_AGENT }, (_, at) => {
    const some = all.slice(at * PER_AGENT, (at + 1) * PER_AGENT);
    const { agentId: id, agentName: name } = some[0] as IndexRow;
    return { id, name, sequence: 1, rows: some };
  });
}

function headOf(hostId: HostId, shown: readonly IndexRow[]): SignedHead {
  const digest = changedDigest(EMPTY_DIGEST, [], shown);
  const at = new Date(0).toISOString();
  return { hostId, logId: '0'.repeat(32), n: 1, chain: EMPTY_DIGEST, digest, at, signature: '' };
}

async function disposableStore() {
  const store = await openStore({ directory, log });
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() });
}
