import { describe, expect, it } from 'vitest';
import { SIGNATURE_SKEW_SECONDS_MAX } from '../../../mesh/signature/clock-skew.ts';
import { NonceCache, secondOfNow } from '../../../mesh/signature/nonces.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const NOW = 1_770_000_000;
const { mac, cloud } = testKeys('mac', 'cloud');
const nonceOf = (number: number) => `nonce-${String(number).padStart(16, '0')}`;
const message = (number: number, createdSeconds = NOW, from = mac.id) => ({
  from,
  nonce: nonceOf(number),
  createdSeconds,
});

describe('the memory of nonces', () => {
  it('knows a repeat by its sender and nonce', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    expect(nonces.admit(message(1), NOW)).toBe('fresh');
    expect(nonces.admit(message(1), NOW)).toBe('replayed');
    expect(nonces.admit(message(1, NOW, cloud.id), NOW)).toBe('fresh');
    expect(nonces.admit(message(2), NOW)).toBe('fresh');
  });

  it('knows it as long as a signature is fresh, also one made by a clock ahead of ours', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    const ahead = message(1, NOW + SIGNATURE_SKEW_SECONDS_MAX);
    expect(nonces.admit(ahead, NOW)).toBe('fresh');
    for (let later = 0; later <= 2 * SIGNATURE_SKEW_SECONDS_MAX; later += 1) {
      expect(nonces.admit(ahead, NOW + later)).toBe('replayed');
    }
  });

  it('forgets what no signature check would pass any more, and takes no room for it', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    for (let number = 0; number < 100; number += 1) nonces.admit(message(number), NOW);
    nonces.admit(message(100, NOW + 61), NOW + 61);
    expect(nonces.size).toBe(1);
  });

  it('refuses what it has forgotten when the clock is set back', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    nonces.admit(message(1), NOW);
    nonces.admit(message(2, NOW + 100), NOW + 100);
    expect(nonces.admit(message(1), NOW)).toBe('forgotten');
  });

  it('goes on with new messages after a clock that jumped a year ahead came back', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0 });
    nonces.admit(message(1), NOW);
    nonces.admit(message(2, NOW), NOW + 31_536_000);
    expect(nonces.admit(message(3, NOW + 1), NOW + 1)).toBe('fresh');
    expect(nonces.admit(message(1), NOW + 1)).toBe('forgotten');
  });

  it('refuses what was made before it began', () => {
    const nonces = new NonceCache({ sinceSeconds: () => NOW });
    expect(nonces.admit(message(1, NOW - 1), NOW)).toBe('forgotten');
    expect(nonces.admit(message(1, NOW), NOW)).toBe('fresh');
  });

  it('moves its beginning with a clock that was ahead then, and is set right', async () => {
    const clock = new VirtualClock((NOW + 3_600) * 1_000);
    const nonces = new NonceCache({ sinceSeconds: secondOfNow(clock) });
    expect(nonces.admit(message(1, NOW + 3_600), NOW + 3_600)).toBe('fresh');
    await clock.advance(10_000);
    clock.setWall(-3_600_000);
    expect(nonces.admit(message(2, NOW + 10), NOW + 10)).toBe('fresh');
    expect(nonces.admit(message(2, NOW + 10), NOW + 10)).toBe('replayed');
    expect(nonces.admit(message(3, NOW), NOW + 10)).toBe('fresh');
    expect(nonces.admit(message(4, NOW - 1), NOW + 10)).toBe('forgotten');
  });

  it('refuses when it is full, and forgets nothing early to make room', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0, max: 2 });
    expect([1, 2, 3].map((number) => nonces.admit(message(number), NOW))).toEqual(['fresh', 'fresh', 'full']);
    expect(nonces.admit(message(1), NOW + 60)).toBe('replayed');
    expect(nonces.admit(message(3, NOW + 61), NOW + 61)).toBe('fresh');
  });

  it('does not let one host take the room of the others', () => {
    const nonces = new NonceCache({ sinceSeconds: () => 0, perHostMax: 1 });
    expect(nonces.admit(message(1), NOW)).toBe('fresh');
    expect(nonces.admit(message(2), NOW)).toBe('full');
    expect(nonces.admit(message(2, NOW, cloud.id), NOW)).toBe('fresh');
    expect(nonces.admit(message(2, NOW + 61), NOW + 61)).toBe('fresh');
  });
});
