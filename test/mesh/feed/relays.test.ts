import { describe, expect, it } from 'vitest';
import { FOLLOWED_BY_ALL_MAX, followedBy, RELAYS } from '../../../mesh/feed/relays.ts';
import type { HostId } from '../../../mesh/names.ts';

const named = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`) as readonly string[] as readonly HostId[];

const nobody = () => false;
const VOTERS = named('voter', 5);
const OTHERS = named('host', 200);
const HOSTS = [...VOTERS, ...OTHERS];

function relaysOf(self: HostId, voters = VOTERS, isSilent: (voter: HostId) => boolean = nobody): readonly HostId[] {
  const followed = followedBy({ self, hosts: HOSTS, voters, isSilent });
  return followed.kind === 'relays' ? followed.relays : [];
}

describe('whom a host follows', () => {
  it.each([
    ['a host that does not vote', 'host0' as HostId],
    ['a voter', 'voter0' as HostId],
  ])('is everybody in a small mesh: %s', (_, self) => {
    const hosts = HOSTS.slice(0, FOLLOWED_BY_ALL_MAX);
    const followed = followedBy({ self, hosts, voters: VOTERS, isSilent: nobody });
    expect(followed).toEqual({ kind: 'everybody', hosts: hosts.filter((host) => host !== self) });
  });

  it('is two voters for a host that does not vote, in a mesh of one host more', () => {
    const hosts = HOSTS.slice(0, FOLLOWED_BY_ALL_MAX + 1);
    const followed = followedBy({ self: 'host0' as HostId, hosts, voters: VOTERS, isSilent: nobody });
    expect(followed.kind === 'relays' && followed.relays).toHaveLength(RELAYS);
  });

  it('is everybody for a voter, however large the mesh', () => {
    const followed = followedBy({ self: 'voter3' as HostId, hosts: HOSTS, voters: VOTERS, isSilent: nobody });
    expect(followed).toEqual({ kind: 'everybody', hosts: HOSTS.filter((host) => host !== 'voter3') });
  });

  it('is everybody where no voter serves a feed', () => {
    const followed = followedBy({
      self: 'host1' as HostId,
      hosts: OTHERS,
      voters: ['old' as HostId],
      isSilent: nobody,
    });
    expect(followed.kind).toBe('everybody');
  });

  it('is the same whenever it is asked, in whatever order the voters are listed', () => {
    for (const host of OTHERS) expect(relaysOf(host, [...VOTERS].reverse())).toEqual(relaysOf(host));
  });
});

describe('the relays', () => {
  it('are spread over the voters', () => {
    const served = new Map<HostId, number>();
    for (const host of OTHERS) for (const relay of relaysOf(host)) served.set(relay, (served.get(relay) ?? 0) + 1);
    const even = (OTHERS.length * RELAYS) / VOTERS.length;
    for (const voter of VOTERS) {
      expect(served.get(voter)).toBeGreaterThan(even / 2);
      expect(served.get(voter)).toBeLessThan(even * 2);
    }
  });

  it('change only for those whom a voter served that goes', () => {
    const fewer = VOTERS.slice(1);
    for (const host of OTHERS) {
      const before = relaysOf(host);
      if (!before.includes('voter0' as HostId)) expect(relaysOf(host, fewer)).toEqual(before);
      else expect(relaysOf(host, fewer)).toEqual(expect.arrayContaining(before.filter((relay) => relay !== 'voter0')));
    }
  });

  it('are replaced by the next while they are silent', () => {
    const [first, second] = relaysOf('host7' as HostId);
    const without = relaysOf('host7' as HostId, VOTERS, (voter) => voter === first);
    expect(without).toHaveLength(RELAYS);
    expect(without[0]).toBe(second);
    expect(without).not.toContain(first);
  });

  it('are the best of the silent when all are', () => {
    expect(relaysOf('host7' as HostId, VOTERS, () => true)).toEqual(relaysOf('host7' as HostId));
  });
});
