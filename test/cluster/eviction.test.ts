// The addresses of hosts that left, and hosts that are evicted.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import { EVICTED } from '../../mesh/state/config.ts';
import { evicting } from '../support/claim-lives.ts';
import { takeOut, withGuest } from '../support/guest-schedules.ts';
import { cloud, desk, evict, FIVE, formed, key, lab, left, mac, mini, THREE } from '../support/moving-mesh.ts';

describe('a host that left', () => {
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

  it('evicts a guest, which the mesh had not taken in when it was taken out of hosts.json, and says so each time it is asked', () => {
    const mesh = withGuest();
    takeOut(mesh);
    mesh.claim(mini, key);
    const evicted = evict(mesh, mac);
    mesh.advance(15_000);
    expect(mesh.outcomes.at(-1)).toMatchObject({ host: mini, result: 'conflict' });
    expect(evicted).toEqual([{ kind: 'done' }]);
    expect([evict(mesh, mac), evict(mesh, mini)]).toEqual([[{ kind: 'done' }], [{ kind: 'done' }]]);
    mesh.claim(mini, key);
    mesh.advance(1_000);
    expect(mesh.outcomes.at(-1)).toMatchObject({ host: mini, result: 'held' });
  });

  it('tells a guest that was taken out of hosts.json that it is no longer part of the mesh', () => {
    const mesh = withGuest();
    mesh.start(desk);
    takeOut(mesh);
    mesh.advance(25_000);
    expect(mesh.status(desk)).toMatchObject({
      ready: false,
      why: expect.stringContaining('no longer part of the mesh'),
    });
  });

  it('keeps a guest that stays listed, until the mesh takes it in', () => {
    const mesh = withGuest();
    mesh.start(desk);
    mesh.advance(60_000);
    expect(mesh.core(mac)?.membership.config).toMatchObject({ members: THREE, gone: {} });
    mesh.wish(mini, THREE, [desk]);
    mesh.advance(15_000);
    expect(mesh.core(mac)?.membership).toMatchObject({
      config: { members: ['cloud', 'desk', 'mac', 'mini'], gone: {} },
      guests: new Set(),
    });
  });

  it('evicts it through crashes, cuts and restarts of whoever was asked', () => {
    for (let seed = 1; seed <= 60; seed += 1) expect([seed, evicting(seed)]).toEqual([seed, []]);
  });
});
