import { describe, expect, it } from 'vitest';
import { CHANNEL_ATTACKS } from '../../support/channel-attacks.ts';

describe('of somebody between two hosts, a replayer, a host with a stolen session and one with a borrowed name', () => {
  it.each(Object.entries(CHANNEL_ATTACKS))('%s achieves nothing', (_, attack) => {
    expect(attack()).toEqual([]);
  });
});
