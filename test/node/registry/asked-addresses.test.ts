// Which answers are kept: those that are asked for again and again.
import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../mesh/names.ts';
import { type AskedAddress, AskedAddresses } from '../../../node/registry/asked-addresses.ts';
import { HeldAddress } from '../../../node/registry/held-address.ts';
import { addressOf, agentOf } from '../../support/agent-of.ts';

/** Three that have the same place. */
const [HASH, OTHER, THIRD] = [1, 1 + 4_096, 1 + 2 * 4_096] as const;
const KEY = 'titania@x.com' as AddressKey;

function answer(address: string): AskedAddress {
  const agent = agentOf('titania', [address]);
  return { agent, number: 0, held: new HeldAddress(agent, addressOf(address), () => ({ url: 'http://mac:1' })) };
}

describe('an answer', () => {
  it('is not kept when it was asked for once', () => {
    const asked = new AskedAddresses();
    asked.note(HASH, answer(KEY));
    expect(asked.find(HASH, KEY)).toBeUndefined();
  });

  it('is kept when it was asked for twice in a row', () => {
    const asked = new AskedAddresses();
    const again = answer(KEY);
    asked.note(HASH, answer(KEY));
    asked.note(HASH, again);
    expect(asked.find(HASH, KEY)).toBe(again);
    expect(asked.find(HASH, 'queen@x.com' as AddressKey)).toBeUndefined();
  });

  it('stays when others of its place are asked for once each', () => {
    const asked = new AskedAddresses();
    const kept = answer(KEY);
    for (const one of [kept, kept]) asked.note(HASH, one);
    for (const hash of [OTHER, THIRD, OTHER]) asked.note(hash, answer('oberon@x.com'));
    expect(asked.find(HASH, KEY)).toBe(kept);
  });
});
