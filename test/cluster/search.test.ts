// A first stretch of the search through simulated meshes; `npm run sim` goes further. A failure names its seed and how to see it.
import { expect, it } from 'vitest';
import { beginnings } from '../support/beginning-lives.ts';
import { takingTurns, withEarlierHosts, withoutRoutine } from '../support/carried-greetings.ts';
import { evicting, full, micro } from '../support/claim-lives.ts';

const SIZES = {
  full: { run: full, runs: 120 },
  micro: { run: micro, runs: 2_000 },
  beginnings: { run: beginnings, runs: 400 },
};
const PARTS = 4;

it.each(
  Object.entries(SIZES).flatMap(([size, { run, runs }]) =>
    Array.from(
      { length: PARTS },
      (_, part) => [size, part * (runs / PARTS) + 1, (part + 1) * (runs / PARTS), run] as const,
    ),
  ),
)('%s runs %i to %i keep one owner per address', (size, first, last, run) => {
  for (let seed = first; seed <= last; seed += 1)
    expect(run(seed), `npm run sim -- --seed ${seed} --size ${size} --trace`).toEqual([]);
});

// A node's heartbeat carries the greetings that say nothing new, and leaves out about one of two.
it.each([
  ['full', full, 60],
  ['evicting', evicting, 40],
  ['micro', micro, 200],
] as const)(
  '%s runs keep one owner per address while routine greetings are left out, in turns or all',
  (_, run, runs) => {
    for (let seed = 1; seed <= runs; seed += 1) {
      expect(run(seed, { step: takingTurns(seed) }), `seed ${seed}, in turns`).toEqual([]);
      expect(run(seed, { step: withoutRoutine }), `seed ${seed}, all`).toEqual([]);
    }
  },
);

// A mesh is brought up to date one host after the other.
it.each([
  ['full', full, 60],
  ['evicting', evicting, 40],
  ['micro', micro, 200],
] as const)('%s runs keep one owner per address while some hosts are of an earlier version', (_, run, runs) => {
  for (let seed = 1; seed <= runs; seed += 1) {
    const step = withEarlierHosts((host) => (host.length + seed) % 2 === 0);
    expect(run(seed, { step }), `seed ${seed}`).toEqual([]);
  }
});
