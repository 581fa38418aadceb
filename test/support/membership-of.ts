// What a host knows of the mesh, and what others told it; each test says what matters to it.

import type { HostId } from '../../mesh/names.ts';
import type { Voters } from '../../mesh/state/config.ts';
import { createMembership, type Membership } from '../../mesh/state/membership.ts';
import { CLAIM_VERSION, type Greeting, type Wish } from '../../mesh/state/messages.ts';
import { nextStart, type Starts } from '../../mesh/state/starts.ts';

/** A name of data, told apart by one hex digit. */
export const dataOf = (digit: string): string => digit.repeat(32);

/** Five hosts, each on certain data. */
export const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'] as string[] as [HostId, HostId, HostId, HostId, HostId];
export const [cloud, desk, lab, mac, mini] = FIVE;
export const DATA: Voters = Object.fromEntries(FIVE.map((host, at) => [host, dataOf('abcde'.charAt(at))]));

/** Those of them as voters. */
export const votersOf = (...hosts: HostId[]): Voters =>
  Object.fromEntries(hosts.map((host) => [host, DATA[host]])) as Voters;

/** Voters by hosts.json, and all hosts of the mesh when there are others. */
export function wishOf(voters: readonly string[], members: readonly string[] = voters): Wish {
  return { voters: [...voters].sort() as HostId[], members: [...members].sort() as HostId[] };
}

/** The first start on that data; it has heard the other electors, unless told otherwise. */
export function startsOf(data: string, known: Partial<Starts> = {}): Starts {
  const stored = { incarnation: data, life: 0, boots: {}, votes: 0, lives: new Map() };
  return { ...nextStart(stored, dataOf('f'), 'boot'), hasHeardElectors: true, ...known };
}

export function membershipOf(self: string, data: string, known: Partial<Membership> = {}): Membership {
  const fresh = createMembership({
    self: self as HostId,
    starts: startsOf(data),
    wish: wishOf([self]),
    config: undefined,
    succession: undefined,
    evicting: new Map(),
    guests: new Set(),
  });
  return { ...fresh, ...known };
}

/** What a host says of itself; it stands where its configuration is, unless said otherwise. */
export function greetingOf(data: string, wish: Wish, told: Partial<Greeting> = {}): Greeting {
  return {
    version: CLAIM_VERSION,
    about: 'greeting',
    mesh: told.config?.mesh ?? '',
    epoch: told.config?.epoch ?? 0,
    incarnation: data,
    wish,
    votes: 0,
    life: 1,
    boot: 'boot',
    boots: { 1: 'boot' },
    ...told,
  };
}
