// What it takes a voter of a large mesh to say of each host how soon it is spoken with.
import { expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { rosterOf } from '../../../mesh/roster.ts';
import { circleOf } from '../../../node/peers/circle.ts';
import { testHost } from '../../support/trusting-hosts.ts';

const VOTERS = ['h0', 'h1', 'h2'] as HostId[];
const hosts = Array.from({ length: 100 }, (_, at) => testHost(`h${at}` as HostId));
const roster = rosterOf(hosts, hosts[0] ?? testHost(VOTERS[0] as HostId));

function counted(isForming: boolean) {
  const looks = { claims: 0, voters: 0 };
  const circle = circleOf({
    roster: () => roster,
    isForming: () => isForming,
    voters: () => {
      looks.voters += 1;
      return VOTERS;
    },
    isReady: () => {
      looks.claims += 1;
      return false;
    },
  });
  return { circle, looks };
}

it('looks only for voters whether a claim could be decided', () => {
  const { circle, looks } = counted(false);
  const awaited = roster.peers.filter(({ id }) => circle.isAwaited(id)).map(({ id }) => id);
  expect(awaited).toEqual(['h1', 'h2']);
  expect(looks.claims).toBe(2);
});

it('lets those that do not vote wait while the mesh forms, and asks nothing for that afterwards', () => {
  const [forming, formed] = [counted(true), counted(false)];
  const waiting = ({ circle }: typeof forming) => roster.peers.filter(({ id }) => circle.canWait(id)).length;
  expect([waiting(forming), waiting(formed)]).toEqual([97, 0]);
  expect(formed.looks).toEqual({ claims: 0, voters: 0 });
});
