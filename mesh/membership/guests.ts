// Guests (step 10 of README.md): hosts that have an address, and that the configuration names neither as members nor as gone. A host claims as
// soon as the voters list it, and does not wait until the mesh has taken it in, for which every voter must be there and say the same. It may be
// taken out of every hosts.json before that. Then it leaves as any other host does: so whoever gives it an address remembers it until a
// configuration names it.
// A voter knows of the guests that it voted for, as do most of the others: nobody has an address without a majority.

import type { HostId } from '../names.ts';
import type { Write } from '../ports.ts';
import { guestGone, guestWrite } from '../state/claim-records.ts';
import { type Config, isNamed } from '../state/config.ts';
import type { Membership } from '../state/membership.ts';

/** Notes whom a vote of this host gives an address, if it is a guest; absent: nobody. What is returned must be durable before the vote is told. */
export function noteGuest({ config, guests }: Membership, host: HostId | undefined): readonly Write[] {
  if (config === undefined || host === undefined || guests.has(host) || isNamed(config, host)) return [];
  guests.add(host);
  return [guestWrite(host)];
}

/** The guests that hosts.json lists no more: by the next configuration, they are gone. */
export function guestsLeft({ guests, wish }: Membership): readonly HostId[] {
  return [...guests].filter((host) => !wish.members.includes(host));
}

/** Forgets the guests that this configuration names. What is returned must be durable with it. */
export function forgetNamedGuests(membership: Membership, config: Config): readonly Write[] {
  return forget(membership, (host) => isNamed(config, host));
}

/** Forgets every guest: those of another mesh are none of the one that this host joins. */
export function forgetGuests(membership: Membership): readonly Write[] {
  return forget(membership, () => true);
}

function forget({ guests }: Membership, isOver: (host: HostId) => boolean): readonly Write[] {
  const over = [...guests].filter(isOver);
  for (const host of over) guests.delete(host);
  return over.map(guestGone);
}
