import { describe, expect, it } from 'vitest';
import type { AgentId } from '../../../mesh/names.ts';
import { AgentSequences } from '../../../node/registry/agent-sequences.ts';

const A1 = 'a1' as AgentId;

describe('the sequences of agents that come and go', () => {
  it('are in memory only while somebody holds them', async () => {
    const sequences = new AgentSequences({ store: { get: async () => ({ sequence: 7 }) }, isThere: () => false });
    const holds = [sequences.keep(A1), sequences.keep(A1)];
    await sequences.learn(A1);
    sequences.give(A1, 8);
    holds[0]?.[Symbol.dispose]();
    expect([sequences.isInHand(A1), sequences.last(A1, 0)]).toEqual([true, 8]);
    holds[1]?.[Symbol.dispose]();
    expect(sequences.isInHand(A1)).toBe(false);
  });

  it('stay for an agent that is there', () => {
    const sequences = new AgentSequences({ store: { get: async () => undefined }, isThere: () => true });
    const hold = sequences.keep(A1);
    sequences.give(A1, 3);
    hold[Symbol.dispose]();
    expect(sequences.last(A1, 0)).toBe(3);
  });

  it('are not set back by what the disk said before another was given out', async () => {
    const read = Promise.withResolvers<unknown>();
    const sequences = new AgentSequences({ store: { get: () => read.promise }, isThere: () => false });
    using _kept = sequences.keep(A1);
    const learning = sequences.learn(A1);
    sequences.give(A1, 9);
    read.resolve({ sequence: 7 });
    await learning;
    expect(sequences.last(A1, 0)).toBe(9);
  });
});
