// A host that asks its peers, which answer as a test says.
import { createLookUp, type LookUpAnswer } from '../../mesh/lookup/fan-out.ts';
import type { ListedEntry, Question } from '../../mesh/lookup/index-entry.ts';
import type { AgentId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';
import { addressOf } from './agent-of.ts';
import { parsePlainAddress } from './plain-address.ts';
import { rosterOf } from './roster-of.ts';
import { type PeerScript, ScriptedPeers, wireEntry } from './scripted-peers.ts';
import { VirtualClock } from './virtual-clock.ts';

export const TITANIA = addressOf('titania@x.com');

export const ABOUT_TITANIA: Question = { address: TITANIA };

export const atCloud = { 'titania@x.com': wireEntry('cloud', 'titania') };

/** Host `mac` and its peers `cloud` and `pi`, which do as `scripts` say. */
export function meshOf(
  scripts: Record<string, PeerScript>,
  local: readonly ListedEntry[] = [],
  legacy: readonly string[] = [],
  owners: readonly string[] = [],
) {
  const down = new Set<string>();
  const clock = new VirtualClock();
  const transport = new ScriptedPeers(scripts);
  let roster: Roster = rosterOf('mac', 'cloud', 'pi');
  const lookUp = createLookUp({
    transport,
    clock,
    roster: () => roster,
    local: () => local,
    parseAddress: parsePlainAddress,
    isLegacy: (id) => legacy.includes(id),
    isOwner: (id) => owners.includes(id),
    isDown: (id) => down.has(id),
  });
  return { clock, transport, lookUp, down, edit: (edited: Roster) => (roster = edited) };
}

/** What this host itself would list. */
export function own(address: string, agentName = 'own'): ListedEntry {
  const { key, address: name } = addressOf(address);
  const { self } = rosterOf('mac');
  const entry = { agentId: `id-${agentName}` as AgentId, agentName, hostId: self.id, hostUrl: self.url, primary: true };
  return { address: name, key, entry };
}

/** Lets the question run until it has its answer, at most `ms` of virtual time. */
export async function within<Result>(clock: VirtualClock, ms: number, question: Promise<Result>): Promise<Result> {
  await clock.advance(ms);
  return Promise.race([question, Promise.reject(new Error(`No answer within ${ms} ms.`))]);
}

export const owners = (answer: LookUpAnswer) =>
  [...answer.emails.values()].map(({ address, entry }) => `${address} ${entry.agentName}@${entry.hostId}`);
