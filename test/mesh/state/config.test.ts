import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { type Config, isVoterThroughout, mayBeOthersBy, type Voters } from '../../../mesh/state/config.ts';

const mac = 'mac' as HostId;
const votersOf = (...hosts: string[]) =>
  Object.fromEntries(hosts.map((host) => [host, host.padEnd(32, '0')])) as Voters;
const MAC = votersOf(mac)[mac] as string;
const BOTH = votersOf('mac', 'mini');
const OTHERS = votersOf('cloud', 'mini');
const config = (epoch: number, voters: Voters, more: Partial<Config> = {}): Config => ({
  ...{ mesh: 'a'.repeat(32), epoch, voters, members: [], gone: {} },
  ...more,
});

describe('what a voter accepted before', () => {
  it.each<[string, Config | undefined, Config, boolean]>([
    ['counts under the first configuration', undefined, config(1, BOTH), true],
    ['counts when only the members differ', config(1, BOTH), config(2, BOTH), true],
    ['counts in a move from its configuration', config(1, BOTH), config(2, OTHERS, { old: BOTH }), true],
    ['counts at the end of a move', config(2, BOTH, { old: OTHERS }), config(3, BOTH, { settled: [3] }), true],
    ['counts after a move that it missed and voted in', config(1, BOTH), config(3, BOTH, { settled: [3] }), true],
    [
      'counts after the last of two moves',
      config(4, BOTH, { old: BOTH, settled: [3] }),
      config(5, BOTH, { settled: [3, 5] }),
      true,
    ],
    ['is nothing to a mesh that moves to it', config(1, OTHERS), config(2, BOTH, { old: OTHERS }), false],
    ['is nothing to a mesh that moved to it', config(1, OTHERS), config(3, BOTH, { settled: [3] }), false],
    ['is nothing when it votes no more', config(2, OTHERS, { old: BOTH }), config(3, OTHERS, { settled: [3] }), false],
    [
      'is nothing when the mesh moved away and back without it',
      config(1, BOTH),
      config(5, BOTH, { settled: [3, 5] }),
      false,
    ],
    [
      'is nothing when the mesh moved away and moves back',
      config(1, BOTH),
      config(4, BOTH, { old: OTHERS, settled: [3] }),
      false,
    ],
    ['is nothing when it voted on other data', config(1, { [mac]: 'f'.repeat(32) }), config(2, BOTH), false],
    [
      'counts when an operator has it go on alone',
      config(4, BOTH, { mesh: 'b'.repeat(32) }),
      config(5, BOTH, { old: BOTH, unanimous: true }),
      true,
    ],
    ['is nothing to another mesh', config(4, BOTH, { mesh: 'b'.repeat(32) }), config(6, BOTH, { settled: [6] }), false],
  ])('%s', (_, before, after, counts) => {
    expect(isVoterThroughout(before, after, mac, MAC)).toBe(counts);
  });
});

describe('what a host holds that is a member', () => {
  const members = [mac];
  it.each<[string, Config | undefined, Config, boolean]>([
    ['is its own when it joins', undefined, config(5, BOTH, { members, settled: [3, 5] }), false],
    [
      'is its own while it sees each epoch',
      config(4, BOTH, { members }),
      config(5, BOTH, { members, settled: [5] }),
      false,
    ],
    [
      'is its own whatever there was before',
      config(8, BOTH, { members, settled: [5] }),
      config(9, BOTH, { members, settled: [5] }),
      false,
    ],
    [
      'may be others’ when a move began and ended without it',
      config(3, BOTH, { members }),
      config(5, BOTH, { members, settled: [5] }),
      true,
    ],
    [
      'may be others’ when it may have been gone in an epoch that it missed',
      config(7, BOTH, { members, settled: [5] }),
      config(9, BOTH, { members, settled: [5] }),
      true,
    ],
    ['may be others’ when it was none before', config(4, BOTH), config(5, BOTH, { members }), true],
    [
      'is told otherwise in another mesh',
      config(1, BOTH, { mesh: 'b'.repeat(32) }),
      config(9, BOTH, { members, settled: [5, 9] }),
      false,
    ],
    ['is no matter when it is not listed', config(1, BOTH, { members }), config(9, BOTH, { settled: [5, 9] }), false],
  ])('%s', (_, before, after, may) => {
    expect(mayBeOthersBy(before, after, mac)).toBe(may);
  });
});
