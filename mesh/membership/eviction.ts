// Evictions (step 11 of README.md): an operator's word that a host which left will not come back, so that its addresses need not wait for
// a day. The word is stored on the host that was asked, and on each that hears of it in a greeting, until a configuration has carried it
// out. Restarts, a silent voter, or files that differ delay it; nothing loses it.
// An eviction does not take a host out of the mesh: hosts.json does.

import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { evictionGone, evictionWrite } from '../state/claim-records.ts';
import { EVICTED, isEvicted, isNamed } from '../state/config.ts';
import type { Effect } from '../state/events.ts';
import type { Membership } from '../state/membership.ts';
import type { Greeting } from '../state/messages.ts';

/** Why that host can't be evicted, a sentence; `undefined` when it can be, or is already. */
export function refusalOfEviction({ config, wish, self, guests }: Membership, host: HostId): string | undefined {
  if (config === undefined) return 'The mesh has not formed yet.';
  if (config.gone[self] !== undefined) return `This host, '${self}', is no longer part of the mesh: ask one that is.`;
  if (wish.members.includes(host))
    return `Host '${host}' is a member of the mesh: take it out of hosts.json on every host first.`;
  if (!isNamed(config, host) && !guests.has(host))
    return `Host '${host}' never was a member of the mesh, as far as is known here, or left so long ago that nothing of it is left.`;
  return undefined;
}

/** Notes that an operator wants this host evicted. What is returned must be durable before anybody is told that it was noted. */
export function noteEviction({ config, evicting }: Membership, host: HostId): readonly Write[] {
  const since = config?.gone[host] ?? null;
  if (since === EVICTED) return [];
  evicting.set(host, since);
  return [evictionWrite(host, since)];
}

/** Notes the evictions that another member of this mesh tells of. */
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
      ? noteEviction(membership, host)
      : [],
  );
}

/** The evictions that a greeting tells of; `undefined` when there are none. */
export function evictionsTold({ evicting }: Membership): Greeting['evicting'] {
  const told = [...evicting].filter((noted): noted is [HostId, string] => noted[1] !== null);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** Compares the evictions with what is agreed and wished now. Operators that waited are told, once it is durable, what became of theirs. */
export function reviewEvictions(membership: Membership, out: Effect[]): void {
  const { evicting, evictionsAwaited } = membership;
  const writes = dropEnded(membership);
  const after: Effect[] = [];
  for (const [operation, host] of evictionsAwaited) {
    if (evicting.has(host)) continue;
    evictionsAwaited.delete(operation);
    const isDone = isOutForGood(membership, host);
    const message = `Host '${host}' is listed in hosts.json again, so its addresses stay its own.`;
    after.push({ type: 'finish', operation, result: isDone ? { kind: 'done' } : { kind: 'refused', message } });
  }
  if (writes.length + after.length > 0) out.push({ type: 'persist', writes, after });
}

/** Whether the host is evicted, or forgotten since. */
function isOutForGood({ config, wish }: Membership, host: HostId): boolean {
  if (config === undefined) return false;
  return isEvicted(config, host) || !(isNamed(config, host) || wish.members.includes(host));
}

/** Drops evictions that are carried out or void, and notes since when a host is gone that was here still when its eviction was asked for. */
function dropEnded({ config, wish, evicting, guests }: Membership): readonly Write[] {
  const writes: Write[] = [];
  for (const [host, since] of evicting) {
    const goneSince = config?.gone[host];
    const isHere = config?.members.includes(host) === true || guests.has(host);
    const isLeaving = isHere && !wish.members.includes(host);
    if (since === null && goneSince === undefined && isLeaving) continue;
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
