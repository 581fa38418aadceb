// Seeded runs of the claims' own core under loss, reordering, cuts and crashes. A failure names its seed: put it into SEEDS.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Result } from '../../mesh/state/events.ts';
import { ClaimSimulation } from '../support/claim-simulation.ts';
import type { Faults } from '../support/simulated-links.ts';

const CALM: Faults = { loss: 0, repeat: 0, delayMs: 5, syncMs: 2 };
const ROUGH: Faults = { loss: 0.1, repeat: 0.1, delayMs: 120, syncMs: 20 };
const KEYS = ['a@x.test', 'b@x.test', 'c@x.test'] as AddressKey[];
const THREE = ['cloud', 'mac', 'mini'];
const FIVE = ['cloud', 'desk', 'lab', 'mac', 'mini'];

const [cloud, mac, mini] = THREE as [HostId, HostId, HostId];
const key = KEYS[0] as AddressKey;

function formed(seed: number, hosts: readonly string[], faults = CALM, voters = hosts): ClaimSimulation {
  const mesh = new ClaimSimulation(seed, hosts, CALM);
  for (const id of mesh.hostIds) mesh.wish(id, voters, hosts);
  for (const id of mesh.hostIds) mesh.start(id);
  mesh.advance(3_000);
  mesh.faults = faults;
  return mesh;
}

function releaseOne(mesh: ClaimSimulation, address: AddressKey): void {
  const holder = mesh.hostIds.find((id) => mesh.holds(id, address));
  if (holder !== undefined) mesh.release(holder, address);
}

/** One random life of a mesh: claims, releases, crashes and cuts, then peace. */
function live(seed: number, hosts: readonly string[], steps: number, voters = hosts): ClaimSimulation {
  const mesh = formed(seed, hosts, ROUGH, voters);
  const { random, hostIds } = mesh;
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  for (let turn = 0; turn < steps; turn += 1) {
    const [host, other] = [pick(hostIds), pick(hostIds)];
    const chance = random.next();
    if (chance < 0.45) mesh.claim(host, pick(KEYS));
    else if (chance < 0.7) releaseOne(mesh, pick(KEYS));
    else if (chance < 0.77) mesh.crash(host);
    else if (chance < 0.85 && host !== other) mesh.cut(host, other);
    else if (chance < 0.87) mesh.mend();
    else if (!mesh.isUp(host)) mesh.start(host);
    mesh.advance(random.next() * 400);
  }
  mesh.heal();
  mesh.advance(20_000);
  return mesh;
}

/** What must hold once faults have ended. */
function expectPeace(mesh: ClaimSimulation): void {
  expect(mesh.violations).toEqual([]);
  for (const id of mesh.hostIds) expect([id, mesh.unsettled(id)]).toEqual([id, 0]);
  for (const address of KEYS) {
    const holders = mesh.hostIds.filter((id) => mesh.holds(id, address));
    const reads: Result[] = [];
    for (const id of mesh.hostIds) mesh.read(id, address, (result) => reads.push(result));
    mesh.advance(5_000);
    const owner = holders[0] === undefined ? null : (mesh.holds(holders[0], address) ?? null);
    expect(reads).toEqual(mesh.hostIds.map(() => ({ kind: 'read', owner })));
  }
  for (const [index, id] of mesh.hostIds.entries()) {
    const before = mesh.outcomes.length;
    mesh.claim(id, `fresh-${index}@x.test` as AddressKey);
    mesh.advance(5_000);
    expect(mesh.outcomes.slice(before).map(({ host, result }) => [host, result])).toEqual([[id, 'held']]);
  }
}

describe('a mesh under loss, cuts and crashes', () => {
  it.each(Array.from({ length: 60 }, (_, index) => index + 1))(
    'keeps one owner per address with three hosts, seed %i',
    (seed) => {
      expectPeace(live(seed, THREE, 60));
    },
  );

  it.each(Array.from({ length: 30 }, (_, index) => index + 1))(
    'keeps one owner per address with five hosts, seed %i',
    (seed) => {
      expectPeace(live(seed, FIVE, 60));
    },
  );

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))('keeps its word on a lone host, seed %i', (seed) => {
    expectPeace(live(seed, ['mac'], 60));
  });

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'keeps one owner per address with one voter among three hosts, seed %i',
    (seed) => {
      expectPeace(live(seed, THREE, 60, ['mac']));
    },
  );

  it('is the same run for the same seed', () => {
    expect(live(7, THREE, 60).outcomes).toEqual(live(7, THREE, 60).outcomes);
  });

  it('claims and loses often enough for these runs to mean something', () => {
    const counts = { held: 0, conflict: 0, released: 0, unavailable: 0 };
    for (let seed = 1; seed <= 20; seed += 1)
      for (const { result } of live(seed, THREE, 60).outcomes) counts[result] += 1;
    expect(Math.min(counts.held, counts.conflict, counts.released)).toBeGreaterThan(50);
    expect(counts.unavailable).toBeGreaterThan(0);
  });
});

describe('a claim', () => {
  it('is held by one of three hosts that race for it, and the others are told who', () => {
    const mesh = formed(1, THREE);
    for (const id of mesh.hostIds) mesh.claim(id, key);
    mesh.advance(5_000);
    const winner = mesh.outcomes.find(({ result }) => result === 'held');
    const losers = mesh.outcomes.filter(({ result }) => result === 'conflict');
    expect(losers.map(({ owner }) => owner?.claimId)).toEqual([winner?.claimId, winner?.claimId]);
  });

  it('succeeds while a minority is down, and is refused while a majority is', () => {
    const mesh = formed(2, THREE);
    mesh.crash(mini);
    mesh.claim(mac, key);
    mesh.advance(5_000);
    mesh.crash(cloud);
    mesh.claim(mac, KEYS[1] as AddressKey);
    mesh.advance(5_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['held', 'unavailable']);
  });

  it('that was refused is never kept: another host gets the address afterwards', () => {
    const mesh = formed(3, THREE);
    mesh.cut(cloud, mac);
    mesh.cut(mini, mac);
    mesh.claim(mac, key);
    mesh.advance(6_000);
    mesh.heal();
    mesh.advance(5_000);
    mesh.claim(cloud, key);
    mesh.advance(5_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'unavailable'],
      [cloud, 'held'],
    ]);
    expect(mesh.unsettled(mac)).toBe(0);
  });

  it('whose host died before it was committed is freed when the host comes back', () => {
    const mesh = formed(4, THREE);
    mesh.claim(mac, key);
    for (let turn = 0; turn < 1_000 && !mesh.violations.length && mesh.outcomes.length === 0; turn += 1) {
      mesh.advance(0.1);
      if (turn === 60) mesh.crash(mac);
    }
    mesh.start(mac);
    mesh.advance(10_000);
    expect(mesh.unsettled(mac)).toBe(0);
    mesh.claim(cloud, key);
    mesh.advance(5_000);
    const holders = mesh.hostIds.filter((id) => mesh.holds(id, key));
    expect(holders).toHaveLength(1);
  });

  it('of an address that was released succeeds on another host', () => {
    const mesh = formed(5, THREE);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    mesh.release(mac, key);
    mesh.advance(1_000);
    mesh.claim(mini, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'held'],
      [mac, 'released'],
      [mini, 'held'],
    ]);
  });
});

describe('forming a mesh', () => {
  it('waits until every voter was heard once', () => {
    const mesh = new ClaimSimulation(1, THREE, CALM);
    mesh.start(mac);
    mesh.start(cloud);
    mesh.claim(mac, key);
    mesh.advance(6_000);
    mesh.start(mini);
    mesh.advance(2_000);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['unavailable', 'held']);
  });

  it('lets a claim wait for it', () => {
    const mesh = new ClaimSimulation(1, THREE, CALM);
    for (const id of mesh.hostIds) mesh.start(id);
    mesh.claim(mac, key);
    mesh.advance(2_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['held']);
  });

  it('refuses a host that counts by other voters', () => {
    const mesh = new ClaimSimulation(1, THREE, CALM);
    mesh.wish(mac, ['mac', 'mini'], THREE);
    for (const id of mesh.hostIds) mesh.start(id);
    mesh.advance(2_000);
    mesh.claim(mac, key);
    mesh.claim(cloud, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['unavailable', 'unavailable']);
  });

  it('lets a lone host with claims grow into a mesh that knows them', () => {
    const mesh = new ClaimSimulation(1, THREE, CALM);
    mesh.wish(mac, ['mac']);
    mesh.start(mac);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    mesh.start(cloud);
    mesh.start(mini);
    mesh.wish(mac, THREE);
    mesh.advance(2_000);
    mesh.claim(cloud, key);
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'held'],
      [cloud, 'conflict'],
    ]);
  });

  it('lets a lone host without claims grow into a mesh', () => {
    const mesh = new ClaimSimulation(1, THREE, CALM);
    mesh.wish(mac, ['mac']);
    for (const id of mesh.hostIds) mesh.start(id);
    mesh.advance(2_000);
    mesh.wish(mac, THREE);
    mesh.advance(2_000);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.map(({ result }) => result)).toEqual(['held']);
  });

  it('does not count the vote of a host that lost its disk', () => {
    const mesh = formed(1, THREE);
    mesh.crash(mini);
    mesh.claim(mac, key);
    mesh.advance(1_000);
    mesh.wipe(cloud);
    mesh.crash(mac);
    mesh.start(cloud);
    mesh.start(mini);
    mesh.advance(2_000);
    mesh.claim(mini, key);
    mesh.advance(6_000);
    expect(mesh.outcomes.map(({ host, result }) => [host, result])).toEqual([
      [mac, 'held'],
      [mini, 'unavailable'],
    ]);
  });
});
