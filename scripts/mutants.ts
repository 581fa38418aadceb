#!/usr/bin/env node
// `npm run mutants`: breaks the rules that uniqueness stands on, one after the other, and looks whether the simulation notices. What
// it takes to notice the rarest says how many runs are worth something. Rules about whom a host believes are broken
// by attacks that are written by hand.
import { CHANNEL_MUTANTS } from '../test/support/channel-mutants.ts';
import { CLAIM_MUTANTS, type Mutant } from '../test/support/claim-mutants.ts';
import { SCHEDULES, type ScheduleName } from '../test/support/claim-schedules.ts';
import { COLLECTING_MUTANTS } from '../test/support/collecting-mutants.ts';
import { FEED_MUTANTS } from '../test/support/feed-mutants.ts';
import { FORGETTING_MUTANTS } from '../test/support/forgetting-mutants.ts';
import { ATTACKS, PEER_MUTANTS } from '../test/support/peer-mutants.ts';
import { STORE_MUTANTS } from '../test/support/store-mutants.ts';
import { type Found, type Size, search } from './search.ts';

const FULL_RUNS = 4_000;
const MICRO_RUNS = 120_000;
const FEED_RUNS = 400;
const STORE_RUNS = 2_000;
const COLLECTING_RUNS = 1_000;
const TROUBLE_CHARACTERS_MAX = 110;

let caught = 0;
for (const mutant of CLAIM_MUTANTS) await look(mutant, { micro: MICRO_RUNS, full: FULL_RUNS });
for (const mutant of COLLECTING_MUTANTS) await look(mutant, { collecting: COLLECTING_RUNS });
for (const mutant of FORGETTING_MUTANTS) await look(mutant, {});
for (const { name, breaks, rules } of PEER_MUTANTS) {
  console.log(`${name.padEnd(24)} ${breaks}`);
  let isNoticed = false;
  for (const [attack, run] of Object.entries(ATTACKS))
    for (const trouble of await run(rules)) {
      isNoticed = true;
      console.log(`  attack   ${`${attack}: ${trouble}`.slice(0, TROUBLE_CHARACTERS_MAX)}`);
    }
  if (isNoticed) caught += 1;
}
for (const { name, breaks, noticedBy } of [...FEED_MUTANTS, ...CHANNEL_MUTANTS, ...STORE_MUTANTS]) {
  const [life, last] =
    'schedule' in noticedBy
      ? ([noticedBy.schedule, 1] as const)
      : 'feeds' in noticedBy
        ? (['feeds', FEED_RUNS] as const)
        : (['stores', STORE_RUNS] as const);
  const { found } = await search(life, { first: 1, last }, { mutant: name });
  const [by] = found;
  if (by !== undefined) caught += 1;
  console.log(`${name.padEnd(24)} ${breaks}`);
  const what = by === undefined ? 'not noticed' : `run ${by.seed}: ${by.troubles[0]?.slice(0, TROUBLE_CHARACTERS_MAX)}`;
  console.log(`  ${life.padEnd(8)} ${what}`);
}
const all = [
  ...[CLAIM_MUTANTS, COLLECTING_MUTANTS, FORGETTING_MUTANTS, PEER_MUTANTS, FEED_MUTANTS, CHANNEL_MUTANTS],
  STORE_MUTANTS,
].flat().length;
console.log(`mutants caught: ${caught} of ${all}`);
if (caught < all) process.exitCode = 1;

/** Looks for the first run of each of these sizes that notices the mutant, and for the schedules that do. */
async function look({ name, breaks }: Mutant, sizes: Readonly<Partial<Record<Size, number>>>): Promise<void> {
  const bySize: [Size, Found | undefined][] = [];
  for (const [size, last] of Object.entries(sizes) as [Size, number][])
    bySize.push([size, (await search(size, { first: 1, last }, { mutant: name })).found[0]]);
  const bySchedules: string[] = [];
  for (const schedule of Object.keys(SCHEDULES) as ScheduleName[]) {
    const { found } = await search(schedule, { first: 1, last: 1 }, { mutant: name });
    for (const { troubles } of found) bySchedules.push(`${schedule}: ${troubles[0]}`);
  }
  if (bySchedules.length > 0 || bySize.some(([, by]) => by !== undefined)) caught += 1;
  console.log(`${name.padEnd(24)} ${breaks}`);
  for (const [size, by] of bySize) {
    const what =
      by === undefined ? 'not noticed' : `run ${by.seed}: ${by.troubles[0]?.slice(0, TROUBLE_CHARACTERS_MAX)}`;
    console.log(`  ${size.padEnd(10)} ${what}`);
  }
  for (const what of bySchedules) console.log(`  schedule ${what.slice(0, TROUBLE_CHARACTERS_MAX)}`);
}
