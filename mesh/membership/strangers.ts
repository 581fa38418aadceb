// Strangers: hosts that hosts.json lists no more, and that nothing agreed on names (step 10 of README.md). Nobody hears them, and what they said counts
// for nothing: so nothing is kept of them. One that is listed again is met as any new host.

import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { seenStartGone } from '../state/claim-records.ts';
import type { VoteKey } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import { isConcerned } from '../state/membership.ts';

/** To be called when other hosts are listed, or agreed on. What is returned need not be durable before anything else. */
export function forgetStrangers({ membership, heardAtMs }: CoreState): readonly Write[] {
  const { self, wish, starts, greetings, refusals, nudgedAtMs } = membership;
  const listed = new Set([self, ...wish.members, ...wish.voters]);
  const isStranger = (host: HostId) => !listed.has(host) && !isConcerned(membership, host);
  for (const known of [greetings, refusals, nudgedAtMs])
    for (const host of known.keys()) if (isStranger(host)) known.delete(host);
  for (const who of heardAtMs.keys()) if (isStranger(hostOf(who))) heardAtMs.delete(who);
  const forgotten = [...starts.seen.keys()].filter((who) => isStranger(hostOf(who)));
  for (const who of forgotten) starts.seen.delete(who);
  return forgotten.map(seenStartGone);
}

/** The host of a vote; no id of a host has a blank. */
function hostOf(who: VoteKey): HostId {
  return who.slice(0, who.indexOf(' ')) as HostId;
}
