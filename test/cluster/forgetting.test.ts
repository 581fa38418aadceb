// Hosts that left long ago are forgotten, and nothing of theirs comes back.
import { describe, expect, it } from 'vitest';
import { forgetting } from '../support/forgetting-lives.ts';

describe('a mesh that forgets a host which left', () => {
  it('gives what that host had to nobody twice, and to somebody in the end, through crashes and cuts', () => {
    for (let seed = 1; seed <= 60; seed += 1) expect([seed, forgetting(seed)]).toEqual([seed, []]);
  });
});
