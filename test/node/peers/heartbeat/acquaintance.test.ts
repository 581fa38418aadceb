// Peers that a host does not keep in touch with are asked who they are until that is known.
import { expect, it } from 'vitest';
import type { HostId } from '../../../../mesh/names.ts';
import {
  ACQUAINTANCE_GAP_MS,
  ACQUAINTANCE_GAP_MS_MAX,
  ACQUAINTANCE_ROUND_MS,
  meetOthers,
  NOBODY_LEFT_ROUND_MS,
} from '../../../../node/peers/heartbeat/acquaintance.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const { key } = testKeys('cloud').cloud;
const [KNOWN, OLD, SILENT, SLOW] = ['known', 'old', 'silent', 'slow'] as string[] as [HostId, HostId, HostId, HostId];

function setUp(others: readonly HostId[]) {
  const clock = new VirtualClock();
  const met: (readonly [HostId, number])[] = [];
  const keys = new Map([[KNOWN, key]]);
  const world = { others, isForming: false, tookMs: 0 };
  const stop = new AbortController();
  const options = {
    ...{ others: () => world.others, isForming: () => world.isForming, clock, random: { next: () => 0.5 } },
    keys: { known: (id: HostId) => keys.get(id) },
    legacy: { has: (id: HostId) => id === OLD },
    introductions: {
      meet: async (id: HostId) => {
        met.push([id, clock.monotonicMs()]);
        if (world.tookMs > 0) await clock.sleep(world.tookMs);
        if (id === SLOW) keys.set(id, key);
        return undefined;
      },
    },
  };
  return { clock, met, world, stop, ended: meetOthers(options, stop.signal) };
}

it('who is known is not asked; the others one after the other, and again while they are silent or serve only the look-up', async () => {
  const { clock, met } = setUp([KNOWN, SLOW, OLD, SILENT]);
  await clock.advance(0.75 * ACQUAINTANCE_ROUND_MS + 3 * ACQUAINTANCE_GAP_MS);
  expect(met.map(([id]) => id).sort()).toEqual([OLD, SILENT, SLOW]);
  const times = met.map(([, atMs]) => atMs);
  expect(times.map((at) => at - (times[0] ?? 0))).toEqual([0, ACQUAINTANCE_GAP_MS, 2 * ACQUAINTANCE_GAP_MS]);
  await clock.advance(ACQUAINTANCE_ROUND_MS);
  expect(
    met
      .slice(3)
      .map(([id]) => id)
      .sort(),
  ).toEqual([OLD, SILENT]);
});

it('nobody is asked where this host keeps in touch with everybody, until that changes', async () => {
  const { clock, met, world } = setUp([]);
  await clock.advance(NOBODY_LEFT_ROUND_MS);
  world.others = [SILENT];
  await clock.advance(NOBODY_LEFT_ROUND_MS + ACQUAINTANCE_ROUND_MS);
  expect(met[0]?.[0]).toBe(SILENT);
});

it('nobody is asked before the mesh has formed, for who is needed for that has enough to do', async () => {
  const { clock, met, world } = setUp([SILENT]);
  world.isForming = true;
  await clock.advance(10 * ACQUAINTANCE_ROUND_MS);
  expect(met).toEqual([]);
  world.isForming = false;
  await clock.advance(ACQUAINTANCE_ROUND_MS);
  expect(met.length).toBeGreaterThan(0);
});

it('the next one is asked later where answers are slow', async () => {
  const { clock, met, world } = setUp([OLD, SILENT]);
  world.tookMs = ACQUAINTANCE_GAP_MS_MAX / 4;
  await clock.advance(0.75 * ACQUAINTANCE_ROUND_MS + world.tookMs + ACQUAINTANCE_GAP_MS_MAX);
  expect(met.map(([, atMs]) => atMs - (met[0]?.[1] ?? 0))).toEqual([0, world.tookMs + ACQUAINTANCE_GAP_MS_MAX]);
});

it('ends with the node', async () => {
  const { clock, stop, ended } = setUp([SILENT]);
  await clock.advance(1);
  stop.abort();
  await ended;
  expect(clock.sleepers).toBe(0);
});
