// A mesh whose voters change: hosts are added and removed, and one loses its disk. Under faults and by chance: search.test.ts.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { ClaimSimulation } from '../support/claim-simulation.ts';
import { CALM, cloud, desk, FIVE, formed, key, lab, mac, mini, THREE, wishAll } from '../support/moving-mesh.ts';

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

  it('goes on claiming all the while', () => {
    const mesh = formed(1, THREE);
    let claims = 0;
    for (const voters of [FIVE, ['desk', 'lab', 'mini'], THREE]) {
      wishAll(mesh, voters);
      for (let turn = 0; turn < 100; turn += 1) {
        for (const id of [cloud, mac, lab]) {
          mesh.claim(id, `${claims}@x.com` as AddressKey);
          claims += 1;
        }
        mesh.advance(100);
      }
      expect(mesh.epochOf(mac).voters).toEqual(voters);
    }
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(Array(claims).fill('held'));
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
    for (const id of [mac, desk, lab]) {
      mesh.claim(id, key);
      mesh.advance(1_000);
    }
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
