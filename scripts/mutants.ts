#!/usr/bin/env node
// `npm run mutants`: breaks the rules that uniqueness stands on, one after the other, and looks whether the simulation notices. A mutant
// is done with when one run has noticed it. `--every-way` looks for the first run of each size too: what it takes to notice the rarest
// says how many runs are worth something. Rules about whom a host believes are broken by attacks that are written by hand.
import { parseArgs } from 'node:util';
import { CHANNEL_MUTANTS } from '../test/support/channel-mutants.ts';
import { CLAIM_MUTANTS, type Mutant } from '../test/support/claim-mutants.ts';
import { SCHEDULES, type ScheduleName } from '../test/support/claim-schedules.ts';
import { COLLECTING_MUTANTS } from '../test/support/collecting-mutants.ts';
import { FEED_MUTANTS } from '../test/support/feed-mutants.ts';
import { FORGETTING_MUTANTS } from '../test/support/forgetting-mutants.ts';
import { ATTACKS, PEER_MUTANTS } from '../test/support/peer-mutants.ts';
import { STORE_MUTANTS } from '../test/support/store-mutants.ts';
import { type Size, search } from './search.ts';

const FULL_RUNS = 4_000;
const MICRO_RUNS = 120_000;
const FEED_RUNS = 400;
const STORE_RUNS = 2_000;
const COLLECTING_RUNS = 1_000;
const TROUBLE_CHARACTERS_MAX = 110;

const { values } = parseArgs({ options: { 'every-way': { type: 'boolean', default: false } } });

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

/** The schedules that notice the mutant, and the first run of each of these sizes that does; one of them, unless every way is asked for. */
async function look(
  { name, breaks, noticedBy }: Mutant,
  sizes: Readonly<Partial<Record<Size, number>>>,
): Promise<void> {
  console.log(`${name.padEnd(24)} ${breaks}`);
  let isNoticed = false;
  for (const [life, last] of waysToNotice(noticedBy, sizes)) {
    if (isNoticed && !values['every-way']) break;
    const [by] = (await search(life, { first: 1, last }, { mutant: name })).found;
    isNoticed ||= by !== undefined;
    const isSize = life in sizes;
    if (by !== undefined) {
      const what = `${isSize ? `run ${by.seed}` : life}: ${by.troubles[0]}`.slice(0, TROUBLE_CHARACTERS_MAX);
      console.log(`  ${(isSize ? life : 'schedule').padEnd(10)} ${what}`);
    } else if (isSize) console.log(`  ${life.padEnd(10)} not noticed`);
  }
  if (isNoticed) caught += 1;
}

/** Each size and each schedule, with its last run; what is known to notice the mutant comes first. */
function waysToNotice(
  noticedBy: Mutant['noticedBy'],
  sizes: Readonly<Partial<Record<Size, number>>>,
): readonly (readonly [Size | ScheduleName, number])[] {
  const known = 'schedule' in noticedBy ? noticedBy.schedule : Object.keys(noticedBy)[0];
  const ways = [
    ...(Object.entries(sizes) as [Size, number][]),
    ...(Object.keys(SCHEDULES) as ScheduleName[]).map((schedule) => [schedule, 1] as const),
  ];
  return ways.toSorted(([a], [b]) => Number(b === known) - Number(a === known));
}
