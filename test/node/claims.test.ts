// What is asked of the claims again and again, and what it takes to say it.
import { expect, it } from 'vitest';
import { loadClaims } from '../../node/claims.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { rosterOf } from '../support/roster-of.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

it('says who votes without a look at whether a claim could be decided', async () => {
  let looks = 0;
  const isEmpty = () => {
    looks += 1;
    return true;
  };
  const roster = rosterOf('mac', 'cloud', 'mini');
  const claims = await loadClaims({
    ...{ self: roster.self.id, roster, isNoVoter: () => false, engine: undefined },
    registry: { holder: () => undefined, isEmpty, keys: () => [] },
    ...{ store: new MemoryStore(), clock: new VirtualClock(), random: seededRandom(1), log: new RecordingLog() },
  });
  expect(claims.voters()).toEqual(['cloud', 'mac', 'mini']);
  expect(looks).toBe(0);
  expect(claims.isReady()).toBe(false);
  expect(looks).toBeGreaterThan(0);
});
