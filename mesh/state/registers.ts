// The registers of this host as a voter: the only place that puts one, or drops one. What is dropped leaves the floor in its place.

import type { AddressKey } from '../names.ts';
import type { Write } from '../ports.ts';
import type { Register } from '../register/acceptor.ts';
import { type Ballot, newerBallot } from '../register/ballot.ts';
import { noteBallotNumber } from './ballot-numbers.ts';
import { floorWrite, registerGone, registerWrite } from './claim-records.ts';
import type { CoreState } from './core-state.ts';

/** Keeps what this host promised and accepted. Returns what must be durable before it is said. */
export function putRegister(state: CoreState, key: AddressKey, register: Register): Write {
  const { registers, collection, nowMs } = state;
  registers.set(key, register);
  // Anew, so that the oldest stay the first.
  collection.released.delete(key);
  if (register.value === null) collection.released.set(key, nowMs);
  return registerWrite(key, register);
}

/** Forgets a register in which nobody has the address (register/README.md, step 11). Returns what must be durable together. */
export function dropRegister(state: CoreState, key: AddressKey): readonly Write[] {
  const { registers, collection, membership } = state;
  const register = registers.get(key);
  if (register === undefined) return [];
  registers.delete(key);
  collection.released.delete(key);
  collection.collected += 1;
  membership.starts.votes += 1;
  return [registerGone(key), ...raiseFloor(state, register.promised)];
}

/** Refuses, from now on, whatever comes up to that ballot where this host has no register. Returns what must be durable with that. */
export function raiseFloor(state: CoreState, ballot: Ballot | null): readonly Write[] {
  const floor = newerBallot(state.floor, ballot);
  if (floor === state.floor || floor === null) return [];
  state.floor = floor;
  noteBallotNumber(state, floor[0]);
  return [floorWrite(floor)];
}
