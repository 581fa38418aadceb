// An operator's word that a host which left will not come back, so that its addresses need not wait for a day. The word is durable on
// the host that was asked and on each that hears of it in a greeting, until a configuration has carried it out: restarts, a silent
// voter or files that differ delay it, and nothing forgets it. It is bound to the moment at which that host left: one that came back
// and leaves again has its day of grace.
// It does not take a host out of the mesh: hosts.json does.

import { evictionGone, evictionWrite } from '../claims/claim-records.ts';
import type { CoreState } from '../claims/core-state.ts';
import type { Effect } from '../claims/events.ts';
import type { Greeting } from '../claims/messages.ts';
import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { type Config, EVICTED } from './config.ts';
import type { Membership } from './membership.ts';

/** Hosts to be evicted, and since when each is gone; `null`: it was a member still when it was asked for, and is told to nobody. */
export type Evictions = Map<HostId, string | null>;

/** Why that host can't be evicted, a sentence; `undefined` when it can, or was. */
export function refusalOfEviction({ config, wish, self }: Membership, host: HostId): string | undefined {
  if (config === undefined) return 'The mesh has not formed yet.';
  if (config.gone[self] !== undefined) return `This host, '${self}', is no longer part of the mesh: ask one that is.`;
  if (wish.members.includes(host))
    return `Host '${host}' is a member of the mesh: take it out of hosts.json on every host first.`;
  if (config.gone[host] === undefined && !config.members.includes(host))
    return `Host '${host}' never was a member of the mesh.`;
  return undefined;
}

/** Keeps the word; to be stored before anybody is told that it was heard. */
export function wishEviction({ config, evicting }: Membership, host: HostId): readonly Write[] {
  const since = config?.gone[host] ?? null;
  if (since === EVICTED) return [];
  evicting.set(host, since);
  return [evictionWrite(host, since)];
}

/** Takes over what another member of this mesh was asked for. */
export function hearEvictions(
  membership: Membership,
  from: HostId,
  { mesh, evicting = {} }: Greeting,
): readonly Write[] {
  const { config, self } = membership;
  if (config === undefined || mesh !== config.mesh) return [];
  if (config.gone[from] !== undefined || config.gone[self] !== undefined) return [];
  return (Object.entries(evicting) as [HostId, string][]).flatMap(([host, since]) =>
    since !== EVICTED && config.gone[host] === since && membership.evicting.get(host) !== since
      ? wishEviction(membership, host)
      : [],
  );
}

/** What is told of it in a greeting; `undefined` when there is nothing. */
export function evictionsTold({ evicting }: Membership): Greeting['evicting'] {
  const told = [...evicting].filter((wished): wished is [HostId, string] => wished[1] !== null);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** Goes by what is agreed and wished now, and tells the operators who waited what became of it, once it is durable. */
export function goOnEvicting({ membership, evictionsAwaited }: CoreState, out: Effect[]): void {
  const writes = review(membership);
  const after: Effect[] = [];
  for (const [operation, host] of evictionsAwaited) {
    if (membership.evicting.has(host)) continue;
    evictionsAwaited.delete(operation);
    const isDone = membership.config?.gone[host] === EVICTED;
    const message = `Host '${host}' is listed in hosts.json again, so its addresses stay its own.`;
    after.push({ type: 'finish', operation, result: isDone ? { kind: 'done' } : { kind: 'refused', message } });
  }
  if (writes.length + after.length > 0) out.push({ type: 'persist', writes, after });
}

/** Drops what is done or void, and learns since when a host is gone. */
function review({ config, wish, evicting }: Membership): readonly Write[] {
  const writes: Write[] = [];
  for (const [host, since] of evicting) {
    const goneSince = config?.gone[host];
    const leaves = config?.members.includes(host) === true && !wish.members.includes(host);
    if (since === null && goneSince === undefined && leaves) continue;
    if (goneSince !== undefined && goneSince !== EVICTED && (since === null || since === goneSince)) {
      if (since === goneSince) continue;
      evicting.set(host, goneSince);
      writes.push(evictionWrite(host, goneSince));
    } else {
      evicting.delete(host);
      writes.push(evictionGone(host));
    }
  }
  return writes;
}

/** When hosts are gone, once what is wished for is carried out. */
export function withEvictions(gone: Config['gone'], { evicting }: Membership): Config['gone'] {
  const after = { ...gone };
  for (const [host, since] of evicting) if (since !== null && gone[host] === since) after[host] = EVICTED;
  return after;
}
