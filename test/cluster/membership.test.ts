// A mesh whose voters change: hosts are added and removed, and one loses its disk. Under faults and by chance: search.test.ts.
import { describe, expect, it } from 'vitest';
import { GREETING_MS_MAX } from '../../mesh/limits.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { EVICTED } from '../../mesh/state/config.ts';
import { evicting } from '../support/claim-lives.ts';
import { ClaimSimulation } from '../support/claim-simulation.ts';
import type { Faults } from '../support/simulated-links.ts';

const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const THREE = ['cloud', 'mac', 'mini'];
const [cloud, desk, lab, mac, mini] = FIVE as [HostId, HostId, HostId, HostId, HostId];
const key = 'a@x.test' as AddressKey;
/** A recovery asks who is there first; what follows of it takes longer than this. */
const ASKED_MS = GREETING_MS_MAX + 5;

/** Five hosts, of which the first `voters` have formed a mesh. */
function formed(seed: number, voters: readonly string[], faults = CALM): ClaimSimulation {
  const mesh = new ClaimSimulation(seed, FIVE, CALM);
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  mesh.faults = faults;
  return mesh;
}

/** Five hosts, of which three vote; `desk` has claimed `key`, and left. */
function left(seed: number): ClaimSimulation {
  const mesh = formed(seed, THREE);
  mesh.claim(desk, key);
  mesh.advance(1_000);
  mesh.crash(desk);
  for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
  mesh.advance(15_000);
  return mesh;
}

function evict(mesh: ClaimSimulation, asked: HostId, host = desk) {
  return mesh.command(asked, (operation) => ({ type: 'evict', operation, host }));
}

function wishAll(mesh: ClaimSimulation, voters: readonly string[]): void {
  for (const id of mesh.hostIds) mesh.wish(id, voters, FIVE);
}

describe('moving a mesh', () => {
  it('grows from three to five and back, and knows every claim all the while', () => {
    const mesh = formed(1, THREE);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    wishAll(mesh, FIVE);
    mesh.advance(10_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters)).toEqual(FIVE.map(() => FIVE));
    for (const id of [cloud, desk, lab]) mesh.claim(id, key);
    mesh.advance(1_000);
    wishAll(mesh, ['desk', 'lab', 'mini']);
    mesh.advance(10_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters)).toEqual(FIVE.map(() => ['desk', 'lab', 'mini']));
    for (const id of [cloud, desk, lab]) mesh.claim(id, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['held', ...Array(6).fill('conflict')]);
  });

  it.each([
    ['started less often than before', 2, 1],
    ['started more often than before', 1, 3],
    ['started as often as before, and once more', 1, 2],
  ])(
    'does not count the votes of a host that was restored from a backup and %s, and brings it in again',
    (_, restarts, startsSince) => {
      const mesh = formed(1, THREE);
      const restore = mesh.backup(cloud);
      for (let starts = 0; starts < restarts; starts += 1) {
        mesh.crash(cloud);
        mesh.start(cloud);
        mesh.advance(1_000);
      }
      // Chosen by `cloud` and `mini` alone, and `cloud` forgets it.
      mesh.crash(mac);
      mesh.claim(mini, key);
      mesh.advance(1_000);
      restore();
      mesh.start(mac);
      for (let starts = 0; starts < startsSince; starts += 1) {
        mesh.crash(cloud);
        mesh.start(cloud);
        mesh.advance(1_000);
      }
      mesh.advance(30_000);
      expect(mesh.logged.filter(({ event }) => event === 'mesh.rejoining').map(({ host }) => host)).toEqual([cloud]);
      expect(mesh.hostIds.map((id) => [mesh.isJoining(id), mesh.epochOf(id).epoch])).toEqual(
        FIVE.map(() => [false, 3]),
      );
      mesh.crash(mini);
      mesh.claim(mac, key);
      mesh.advance(6_000);
      expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
        [mini, 'held'],
        [mac, 'conflict'],
      ]);
      expect(mesh.faultsFound()).toEqual([]);
    },
  );

  it('brings in again a host that was restored from a backup of its running, once its peers have heard of later votes', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const mesh = formed(seed, THREE);
      mesh.advance(10_000);
      const restore = mesh.backup(cloud);
      // Chosen by `cloud` and `mini` alone, and `cloud` forgets it.
      mesh.crash(mac);
      mesh.claim(mini, key);
      mesh.advance(12_000);
      restore();
      mesh.start(mac);
      mesh.start(cloud);
      // The one that knows is cut off: nobody else may decide with what `cloud` has now.
      mesh.cut(mini, mac);
      mesh.cut(mac, mini);
      mesh.claim(mac, key);
      mesh.advance(30_000);
      mesh.mend();
      mesh.advance(30_000);
      mesh.claim(mac, key);
      mesh.advance(6_000);
      expect(mesh.logged.filter(({ event }) => event === 'mesh.rejoining').map(({ host }) => host)).toEqual([cloud]);
      expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
        [mini, 'held'],
        [mac, expect.stringMatching(/unavailable|conflict/)],
        [mac, 'conflict'],
      ]);
      expect(mesh.faultsFound()).toEqual([]);
    }
  });

  it('goes on with those that are left by an operator’s word, and takes the others in again', () => {
    const mesh = formed(1, FIVE);
    mesh.claim(mini, key);
    mesh.advance(1_000);
    const healthy = mesh.command(mac, (operation) => ({ type: 'recover', operation, voters: [mac] }));
    mesh.advance(ASKED_MS);
    expect(healthy).toMatchObject([
      { kind: 'refused', message: expect.stringContaining('A majority of the voters answers') },
    ]);
    for (const id of [cloud, desk, lab]) {
      mesh.wipe(id);
      mesh.start(id);
    }
    mesh.advance(20_000);
    mesh.claim(mac, 'b@x.test' as AddressKey);
    mesh.advance(6_000);
    const early = mesh.command(mac, (operation) => ({
      type: 'recover',
      operation,
      voters: [mac, mini, 'gone' as HostId],
    }));
    mesh.advance(ASKED_MS);
    expect(early).toMatchObject([{ kind: 'refused', message: expect.stringContaining("'gone' does not answer") }]);
    const recovered = mesh.command(mac, (operation) => ({ type: 'recover', operation, voters: [mac, mini] }));
    expect(recovered).toEqual([]);
    mesh.advance(30_000);
    expect(recovered).toEqual([{ kind: 'done' }]);
    expect(mesh.hostIds.map((id) => [mesh.isJoining(id), mesh.epochOf(id).voters])).toEqual(
      FIVE.map(() => [false, FIVE]),
    );
    mesh.confirm(mini, key);
    mesh.advance(1_000);
    mesh.claim(desk, key);
    mesh.claim(mac, 'b@x.test' as AddressKey);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mini, 'held'],
      [mac, 'unavailable'],
      [desk, 'conflict'],
      [mac, 'held'],
    ]);
    expect(mesh.violations).toEqual([]);
  });

  it('loses nothing that a voter which is left knows of, whoever else is named', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const mesh = formed(seed, THREE);
      mesh.claim(mac, key);
      mesh.advance(1_000);
      for (const id of [cloud, mini]) {
        mesh.wipe(id);
        mesh.start(id);
      }
      mesh.advance(2_000);
      expect(mesh.status(mac)).toMatchObject({
        ready: false,
        reason: 'membership_mismatch',
        why: expect.stringMatching(/^cloud, mini lost the claim data.*mesh recover/),
      });
      const word = (voters: readonly HostId[]) =>
        mesh.command(mac, (operation) => ({ type: 'recover', operation, voters }));
      const tooMany = word([cloud, mac, mini]);
      mesh.advance(ASKED_MS);
      expect(tooMany).toMatchObject([{ message: expect.stringContaining("'cloud' has lost its votes") }]);
      word([mac]);
      mesh.advance(ASKED_MS);
      for (const id of [cloud, mini, desk]) mesh.claim(id, key);
      mesh.advance(20_000);
      for (const id of [cloud, mini, desk]) mesh.claim(id, key);
      mesh.advance(6_000);
      expect(mesh.outcomes.filter(({ result }) => result === 'held').map(({ host }) => host)).toEqual([mac]);
      expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters)).toEqual(FIVE.map(() => THREE));
      expect(mesh.violations).toEqual([]);
    }
  });

  it('asks all that are left after a loss, until every address is chosen again', () => {
    const hosts = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as string[] as HostId[];
    const [a, b, c, ...others] = hosts as [HostId, HostId, HostId, ...HostId[]];
    const mesh = new ClaimSimulation(1, hosts, CALM);
    for (const id of hosts) mesh.start(id);
    mesh.advance(3_000);
    // Of the majority that chooses it, only `c` is left, and it is slow to come back.
    for (const id of [a, b]) mesh.crash(id);
    mesh.claim(others[0] as HostId, key);
    mesh.advance(1_000);
    for (const id of others) mesh.wipe(id);
    for (const id of [a, b]) mesh.start(id);
    mesh.advance(30_000);
    const word = (voters: readonly HostId[]) =>
      mesh.command(a, (operation) => ({ type: 'recover', operation, voters }));
    const tooFew = word([a, b]);
    mesh.advance(ASKED_MS);
    expect(tooFew).toMatchObject([{ message: expect.stringContaining("'c' answers and has its votes still") }]);
    word([a, b, c]);
    mesh.advance(ASKED_MS);
    mesh.crash(c);
    mesh.claim(a, 'b@x.test' as AddressKey);
    mesh.advance(10_000);
    mesh.start(c);
    mesh.advance(20_000);
    mesh.crash(c);
    mesh.claim(b, key);
    mesh.advance(6_000);
    expect(mesh.epochOf(b)).toMatchObject({ voters: [a, b, c], isMoving: false });
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      ['d', 'held'],
      [a, 'unavailable'],
      [b, 'conflict'],
    ]);
  });

  it('asks who is there before it judges who has lost what', () => {
    const mesh = formed(1, THREE);
    mesh.advance(10_000);
    for (const id of [cloud, mini]) mesh.wipe(id);
    // They are not heard of again; what they said last is of a few seconds ago, before their loss.
    const recovered = mesh.command(mac, (operation) => ({ type: 'recover', operation, voters: [mac] }));
    mesh.advance(ASKED_MS);
    expect(recovered).toEqual([{ kind: 'done' }]);
  });

  it('tells of an address that only a registry holds any more, as if it had been the first thing accepted', () => {
    const mesh = formed(1, THREE);
    mesh.claim(desk, key);
    mesh.advance(1_000);
    // The one voter whose votes are left never heard of it.
    mesh.forget(mac, key);
    for (const id of [cloud, mini]) {
      mesh.wipe(id);
      mesh.start(id);
    }
    mesh.advance(30_000);
    wishAll(mesh, ['desk', 'lab', 'mac']);
    mesh.command(mac, (operation) => ({ type: 'recover', operation, voters: [desk, lab, mac] }));
    mesh.advance(20_000);
    mesh.crash(desk);
    mesh.claim(cloud, key);
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [desk, 'held'],
      [cloud, 'conflict'],
    ]);
  });

  it('frees the addresses of a host that left after a day, and those of one that was evicted at once', () => {
    const mesh = formed(1, THREE);
    for (const [id, address] of [
      [desk, 'd@x.test'],
      [lab, 'l@x.test'],
    ] as const)
      mesh.claim(id, address as AddressKey);
    mesh.advance(1_000);
    const first = mesh.command(mac, (operation) => ({ type: 'evict', operation, host: desk }));
    expect(first).toMatchObject([{ kind: 'refused', message: expect.stringContaining('take it out of hosts.json') }]);
    for (const id of mesh.hostIds) mesh.wish(id, THREE);
    mesh.crash(desk);
    mesh.crash(lab);
    mesh.advance(15_000);
    const evicted = mesh.command(mac, (operation) => ({ type: 'evict', operation, host: desk }));
    mesh.advance(15_000);
    expect(evicted).toEqual([{ kind: 'done' }]);
    mesh.outcomes.length = 0;
    mesh.claim(mini, 'd@x.test' as AddressKey);
    mesh.claim(mini, 'l@x.test' as AddressKey);
    mesh.advance(1_000);
    for (const id of THREE as HostId[]) mesh.crash(id);
    mesh.advance(86_400_000);
    for (const id of THREE as HostId[]) mesh.start(id);
    mesh.advance(1_000);
    mesh.claim(mac, 'l@x.test' as AddressKey);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ host, key: of, result }) => [host, of, result]).sort()).toEqual([
      [mac, 'l@x.test', 'held'],
      [mini, 'd@x.test', 'held'],
      [mini, 'l@x.test', 'conflict'],
    ]);
  });

  it('evicts a host through any other, whoever of them votes or moves the mesh, and answers when it is done', () => {
    for (const asked of [cloud, lab, mac, mini]) {
      const mesh = left(1);
      const evicted = evict(mesh, asked);
      mesh.advance(2_500);
      expect(evicted).toEqual([{ kind: 'done' }]);
      expect(evict(mesh, asked)).toEqual([{ kind: 'done' }]);
      mesh.claim(lab, key);
      mesh.advance(1_000);
      expect(mesh.outcomes).toMatchObject([
        { host: desk, result: 'held' },
        { host: lab, result: 'held' },
      ]);
    }
  });

  it('evicts a host while one of the voters is silent', () => {
    const mesh = left(1);
    mesh.crash(cloud);
    mesh.advance(60_000);
    const evicted = evict(mesh, lab);
    mesh.advance(15_000);
    expect(evicted).toEqual([{ kind: 'done' }]);
  });

  it('says what an eviction waits for, and goes on with it', () => {
    const mesh = left(1);
    for (const id of [cloud, mini]) mesh.crash(id);
    mesh.advance(60_000);
    const waiting = evict(mesh, lab);
    mesh.advance(20_000);
    expect(waiting).toMatchObject([
      {
        kind: 'waiting',
        message: expect.stringMatching(/'desk' will be free once a majority.*cloud, mini was not heard/),
      },
    ]);
    mesh.start(mini);
    mesh.advance(15_000);
    expect(mesh.core(mac)?.membership.config?.gone).toEqual({ desk: EVICTED });
  });

  it('evicts a host as soon as it has left, when it is asked for before that', () => {
    const mesh = formed(1, THREE);
    mesh.wish(lab, THREE, [lab]);
    const evicted = evict(mesh, lab);
    mesh.advance(5_000);
    mesh.crash(lab);
    mesh.start(lab);
    for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
    mesh.advance(20_000);
    expect(evicted).toEqual([]);
    expect(mesh.core(mini)?.membership.config?.gone).toEqual({ desk: EVICTED });
    const again = evict(mesh, desk);
    expect(again).toMatchObject([{ kind: 'refused', message: expect.stringContaining('ask one that is') }]);
  });

  it('evicts no host that hosts.json lists again before it has left', () => {
    const mesh = formed(1, THREE);
    mesh.wish(lab, THREE, [lab]);
    const evicted = evict(mesh, lab);
    mesh.advance(1_000);
    mesh.wish(lab, THREE, FIVE);
    mesh.advance(10);
    expect(evicted).toMatchObject([
      { kind: 'refused', message: expect.stringContaining('listed in hosts.json again') },
    ]);
    for (const id of mesh.hostIds) mesh.wish(id, THREE, [lab]);
    mesh.advance(20_000);
    expect(mesh.core(mini)?.membership.config?.gone).toEqual({ desk: expect.stringMatching(/^2026/) });
  });

  it('evicts it through crashes, cuts and restarts of whoever was asked', () => {
    for (let seed = 1; seed <= 60; seed += 1) expect([seed, evicting(seed)]).toEqual([seed, []]);
  });

  it('makes one of two meshes that formed apart, by an operator’s word on each host of one of them', () => {
    const mesh = new ClaimSimulation(1, FIVE, CALM);
    for (const id of THREE) mesh.wish(id as HostId, THREE);
    for (const id of ['desk', 'lab'] as HostId[]) mesh.wish(id, ['desk', 'lab']);
    for (const id of mesh.hostIds) mesh.start(id);
    mesh.advance(3_000);
    mesh.claim(mac, key);
    mesh.claim(desk, 'd@x.test' as AddressKey);
    mesh.advance(1_000);
    const strange = mesh.command(lab, (operation) => ({ type: 'join', operation, host: mac }));
    wishAll(mesh, FIVE);
    mesh.advance(15_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id).voters.length)).toEqual([3, 2, 2, 3, 3]);
    const same = mesh.command(lab, (operation) => ({ type: 'join', operation, host: desk }));
    expect([...strange, ...same]).toMatchObject([
      { kind: 'refused', message: expect.stringContaining("'mac' was not heard of lately") },
      { kind: 'refused', message: expect.stringContaining('the same mesh') },
    ]);

    const joined = mesh.command(lab, (operation) => ({ type: 'join', operation, host: mac }));
    expect(joined).toEqual([]);
    mesh.advance(10);
    expect(joined).toEqual([{ kind: 'done' }]);
    // What is left of the other mesh is no majority, and the whole is not there yet.
    mesh.claim(desk, 'late@x.test' as AddressKey);
    mesh.claim(lab, 'l@x.test' as AddressKey);
    mesh.crash(lab);
    mesh.start(lab);
    mesh.advance(15_000);
    mesh.claim(lab, 'l@x.test' as AddressKey);
    mesh.command(desk, (operation) => ({ type: 'join', operation, host: cloud }));
    mesh.confirm(desk, 'd@x.test' as AddressKey);
    mesh.advance(30_000);
    expect(mesh.hostIds.map((id) => mesh.epochOf(id))).toEqual(
      FIVE.map(() => ({ epoch: 3, voters: FIVE, isMoving: false })),
    );
    for (const id of [mac, desk, lab]) mesh.claim(id, key);
    mesh.claim(mini, 'd@x.test' as AddressKey);
    mesh.advance(5_000);
    expect(mesh.outcomes.map(({ host, key: of, result }) => [host, of, result])).toEqual([
      [mac, key, 'held'],
      [desk, 'd@x.test', 'held'],
      [desk, 'late@x.test', 'unavailable'],
      [lab, 'l@x.test', 'held'],
      [mac, key, 'conflict'],
      [desk, key, 'conflict'],
      [lab, key, 'conflict'],
      [mini, 'd@x.test', 'conflict'],
    ]);
    expect(mesh.violations).toEqual([]);
  });

  it('lets the later of two that use the same data withdraw', () => {
    const mesh = formed(1, THREE);
    // As the copy sees it: its peers know another start of the same life.
    const copy = mesh.backup(mac);
    mesh.crash(mac);
    mesh.start(mac);
    mesh.advance(1_000);
    copy();
    mesh.start(mac);
    mesh.advance(15_000);
    expect(mesh.logged.some(({ host, event }) => host === mac && event === 'mesh.used_twice')).toBe(true);
    mesh.claim(mac, key);
    mesh.advance(6_000);
    expect(mesh.outcomes).toMatchObject([{ host: mac, result: 'unavailable' }]);
  });

  it('brings a host that lost its disk in again by itself', () => {
    const mesh = formed(1, THREE);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    mesh.wipe(cloud);
    mesh.start(cloud);
    mesh.advance(30_000);
    mesh.crash(mac);
    mesh.claim(mini, key);
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'held'],
      [mini, 'conflict'],
    ]);
  });
});
