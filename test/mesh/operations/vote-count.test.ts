import { describe, expect, it } from 'vitest';
import { countVotes, votesOf } from '../../../mesh/operations/vote-count.ts';
import type { Config } from '../../../mesh/state/config.ts';
import { coreOn, type KnownCore, MESH } from '../../support/core-on.ts';
import { cloud, DATA, dataOf, desk, lab, mac, mini, votersOf, wishOf } from '../../support/membership-of.ts';

const JOINT: Config = { ...MESH, epoch: 2, voters: votersOf(desk, lab, mac, mini), old: MESH.voters };

describe('the voters that were heard', () => {
  it.each<[string, KnownCore, readonly [reached: number, failed: readonly string[], decides: boolean]]>([
    ['this host alone', {}, [1, [cloud, mini], false]],
    ['this host and one that answered lately', { heard: { cloud: 95 } }, [2, [mini], true]],
    ['all', { heard: { cloud: 95, mini: 100 } }, [3, [], true]],
    ['one at the very end of the time', { heard: { cloud: 90 } }, [2, [mini], true]],
    ['none in time', { heard: { cloud: 89, mini: 0 } }, [1, [cloud, mini], false]],
    ['one that is no voter', { heard: { desk: 100 } }, [1, [cloud, mini], false]],
  ])('are a majority or not: %s', (_, known, [reached, failed, decides]) => {
    const state = coreOn(mac, known);
    state.nowMs = 100;
    expect(countVotes(state, 10)).toEqual({ all: 3, required: 2, reached, hostsFailed: failed, decides });
  });

  it('do not include this host on other data than the mesh names', () => {
    const state = coreOn(mac, { records: { incarnation: dataOf('f') }, heard: { cloud: 0 } });
    expect(countVotes(state, 10)).toMatchObject({ reached: 1, hostsFailed: [mac, mini], decides: false });
  });

  it('do not include one that last answered without a vote', () => {
    const state = coreOn(mac, { heard: { cloud: 0 } });
    state.refusing.add(cloud);
    expect(countVotes(state, 10)).toMatchObject({ reached: 1, hostsFailed: [cloud, mini] });
  });

  it('must be a majority of the old ones and of the new ones while the mesh moves', () => {
    const both = { all: 5, required: 3 };
    const on = (heard: KnownCore['heard']) => countVotes(coreOn(mac, { config: JOINT, heard: heard ?? {} }), 10);
    expect(on({ desk: 0, lab: 0 })).toEqual({ ...both, reached: 3, hostsFailed: [cloud, mini], decides: false });
    expect(on({ cloud: 0, mini: 0 })).toMatchObject({ ...both, reached: 3, decides: false });
    expect(on({ desk: 0, mini: 0 })).toMatchObject({ ...both, reached: 3, decides: true });
  });

  it('are none before there is a mesh, and hosts.json says who is waited for', () => {
    const state = coreOn(mac, { config: undefined, wish: wishOf([desk, mac]), heard: { desk: 0 } });
    const none = { all: 2, required: 2, reached: 0, hostsFailed: [desk, mac], decides: false };
    expect(countVotes(state, 10)).toEqual(none);
  });
});

describe('the votes of hosts', () => {
  it('are those on either side of a move, and none of a host that does not vote', () => {
    const renewed = dataOf('f');
    const moving: Config = { ...MESH, epoch: 2, voters: { ...MESH.voters, [mac]: renewed }, old: MESH.voters };
    expect([...votesOf(moving, [mac, desk])]).toEqual([`mac ${renewed}`, `mac ${DATA[mac]}`]);
    expect([...votesOf(MESH, [cloud, mini])]).toEqual([`cloud ${DATA[cloud]}`, `mini ${DATA[mini]}`]);
  });
});
