// One thread of a search: runs the seeds it is given, and tells which of them are in trouble. The product is imported after a mutant's changes
// to its sources, and so by `import()` alone.
import { parentPort, workerData } from 'node:worker_threads';
import { changeSources } from '../test/support/changed-sources.ts';
import { CHANNEL_MUTANTS } from '../test/support/channel-mutants.ts';
import type { Troubles } from '../test/support/claim-lives.ts';
import { CLAIM_MUTANTS } from '../test/support/claim-mutants.ts';
import type { ScheduleName } from '../test/support/claim-schedules.ts';
import type { SimulationOptions } from '../test/support/claim-simulation.ts';
import { COLLECTING_MUTANTS } from '../test/support/collecting-mutants.ts';
import { FEED_MUTANTS, SMALL_FEEDS } from '../test/support/feed-mutants.ts';
import type { FeedScheduleName } from '../test/support/feed-schedules.ts';
import { FORGETTING_MUTANTS } from '../test/support/forgetting-mutants.ts';
import type { RelayScheduleName } from '../test/support/relay-schedules.ts';
import { SMALL_STORES, STORE_MUTANTS } from '../test/support/store-mutants.ts';
import type { ChunkResult, Life, Order, SearchThread } from './search.ts';

const { life, mutant: name, isTraced } = workerData as SearchThread;
const mutant = [
  ...CLAIM_MUTANTS,
  ...COLLECTING_MUTANTS,
  ...FORGETTING_MUTANTS,
  ...FEED_MUTANTS,
  ...CHANNEL_MUTANTS,
  ...STORE_MUTANTS,
].find((one) => one.name === name);
/** What the few changes of a short life reach only when these bounds are small. */
const SMALL: readonly Life[] = ['feeds', 'relays', 'handedOver', 'cameBack'];
const expectRead = changeSources([
  ...(SMALL.includes(life) ? SMALL_FEEDS : []),
  ...(life === 'stores' ? SMALL_STORES : []),
  ...(mutant?.sources ?? []),
]);
const { CHANNEL_ATTACKS } = await import('../test/support/channel-attacks.ts');
const { full, micro } = await import('../test/support/claim-lives.ts');
const { beginnings } = await import('../test/support/beginning-lives.ts');
const { collecting } = await import('../test/support/collecting-lives.ts');
const { SCHEDULES } = await import('../test/support/claim-schedules.ts');
const { feedLife, relayLife } = await import('../test/support/feed-lives.ts');
const { FEED_SCHEDULES } = await import('../test/support/feed-schedules.ts');
const { RELAY_SCHEDULES } = await import('../test/support/relay-schedules.ts');
const { nodeLife } = await import('../test/support/node-lives.ts');
const { storeLife } = await import('../test/support/store-simulation.ts');
const { checkThenWrite } = await import('../test/support/check-then-write.ts');
expectRead();

const whenSilent = mutant?.checksThenWrites;
const trace = isTraced ? { trace: (line: string) => console.log(line) } : {};
const options: SimulationOptions = {
  ...mutant?.simulation,
  ...(whenSilent === undefined ? {} : { step: checkThenWrite(whenSilent) }),
  ...trace,
};
const FEED_SCHEDULE_LIVES = Object.fromEntries(
  Object.entries({ ...RELAY_SCHEDULES, ...FEED_SCHEDULES }).map(([name, run]) => [name, () => run(trace)]),
) as Record<RelayScheduleName | FeedScheduleName, () => Promise<Troubles>>;
const LIVES: Readonly<Record<Life, (seed: number) => Troubles | Promise<Troubles>>> = {
  full: (seed) => full(seed, options),
  micro: (seed) => micro(seed, options),
  beginnings: (seed) => beginnings(seed, options),
  collecting: (seed) => collecting(seed, options),
  nodes: (seed) => nodeLife(seed, trace),
  feeds: (seed) => feedLife(seed, trace),
  relays: (seed) => relayLife(seed, trace),
  stores: (seed) => storeLife(seed, trace),
  ...mapSchedules(),
  ...CHANNEL_ATTACKS,
  ...FEED_SCHEDULE_LIVES,
};

function mapSchedules() {
  const runs = Object.entries(SCHEDULES).map(([name, run]) => [name, () => run(options)] as const);
  return Object.fromEntries(runs) as Readonly<Record<ScheduleName, () => Troubles>>;
}

parentPort?.on('message', async (order: Order) => {
  if (order === 'leave') {
    parentPort?.close();
    return;
  }
  const { from, to } = order.chunk;
  const found: { seed: number; troubles: Troubles }[] = [];
  for (let seed = from; seed <= to && (mutant === undefined || found.length === 0); seed += 1) {
    const troubles = await LIVES[life](seed);
    if (troubles.length > 0) found.push({ seed, troubles });
  }
  parentPort?.postMessage({ from, found } satisfies ChunkResult);
});
