// By whose clock a question to a host is dated.
import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { PeerClocks } from '../../../node/peers/peer-clocks.ts';

const CLOUD = 'cloud' as HostId;

describe('the clock of a host', () => {
  it.each<[string, readonly (readonly [aheadSeconds: number, isRefusal: boolean])[], number]>([
    ['that refused nothing is ours', [[5, false]], 0],
    ['that refused a question for its date is its own', [[-5, true]], -5],
    ['counts from two seconds on', [[2, true]], 2],
    ['counts not for a second', [[1, true]], 0],
    [
      'is followed once it counts',
      [
        [5, true],
        [7, false],
      ],
      7,
    ],
    [
      'is ours again when it was set',
      [
        [5, true],
        [-1, false],
      ],
      0,
    ],
    [
      'that was set is not followed before the next refusal',
      [
        [5, true],
        [0, false],
        [9, false],
      ],
      0,
    ],
  ])('%s', (_, said, expected) => {
    const clocks = new PeerClocks();
    for (const [aheadSeconds, isRefusal] of said) clocks.heard(CLOUD, aheadSeconds, isRefusal);
    expect([clocks.aheadSeconds(CLOUD), clocks.aheadSeconds('mac' as HostId)]).toEqual([expected, 0]);
  });

  it('is not known any more of a host that is no more', () => {
    const clocks = new PeerClocks();
    clocks.heard(CLOUD, -5, true);
    expect([...clocks.hosts()]).toEqual([CLOUD]);
    clocks.forget(CLOUD);
    expect([[...clocks.hosts()], clocks.aheadSeconds(CLOUD)]).toEqual([[], 0]);
  });
});
