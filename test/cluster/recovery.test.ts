// A mesh that lost voters, and goes on by an operator's word.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { ClaimSimulation } from '../support/claim-simulation.ts';
import {
  ASKED_MS,
  CALM,
  cloud,
  desk,
  FIVE,
  formed,
  key,
  lab,
  mac,
  mini,
  THREE,
  wishAll,
} from '../support/moving-mesh.ts';

describe('recovering a mesh', () => {
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
});
