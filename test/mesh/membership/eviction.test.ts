import { describe, expect, it } from 'vitest';
import {
  evictionsTold,
  hearEvictions,
  noteEviction,
  refusalOfEviction,
  reviewEvictions,
} from '../../../mesh/membership/eviction.ts';
import type { HostId } from '../../../mesh/names.ts';
import { type Config, EVICTED } from '../../../mesh/state/config.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import type { Membership } from '../../../mesh/state/membership.ts';
import type { Greeting, Wish } from '../../../mesh/state/messages.ts';
import { MESH, THREE, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, desk, greetingOf, lab, mac, membershipOf, wishOf } from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const EARLIER = '2026-01-01T00:00:00.000Z';
const RECORD = 'claim/evicting/desk';

/** What `mac` knows where `desk` is gone since then, if it is. */
function known(
  since: string | undefined,
  evicting: readonly (readonly [HostId, string | null])[] = [],
  more: Partial<Membership> = {},
) {
  const config: Config = { ...MESH, gone: since === undefined ? {} : { [desk]: since } };
  return membershipOf(mac, DATA[mac] ?? '', { config, wish: wishOf(THREE), evicting: new Map(evicting), ...more });
}

describe('an operator’s word that a host will not come back', () => {
  it.each<[string, Membership, RegExp | undefined]>([
    ['before there is a mesh', known(GONE, [], { config: undefined }), /has not formed yet/],
    [
      'on a host that left itself',
      known(GONE, [], { config: { ...MESH, gone: { [mac]: GONE } } }),
      /'mac', is no longer part/,
    ],
    [
      'of a host that the file lists',
      known(GONE, [], { wish: wishOf(THREE, [...THREE, desk]) }),
      /'desk' is a member of the mesh: take it out/,
    ],
    ['of a host that never was a member', known(undefined), /'desk' never was a member/],
    ['of a host that left', known(GONE), undefined],
    ['of a guest', known(undefined, [], { guests: new Set([desk]) }), undefined],
    [
      'of a host that leaves by the file',
      known(undefined, [], { config: { ...MESH, members: [...THREE, desk] } }),
      undefined,
    ],
    ['of a host that is evicted already', known(EVICTED), undefined],
  ])('is refused or taken: %s', (_, membership, refusal) => {
    const sentence = refusalOfEviction(membership, desk);
    if (refusal === undefined) expect(sentence).toBeUndefined();
    else expect(sentence).toMatch(refusal);
  });

  it('is bound to the moment at which the host left, and to none while it is a member', () => {
    const [gone, member] = [known(GONE), known(undefined)];
    expect(noteEviction(gone, desk)).toEqual([{ key: RECORD, value: { since: GONE } }]);
    expect(noteEviction(member, desk)).toEqual([{ key: RECORD, value: { since: null } }]);
    expect([gone.evicting.get(desk), member.evicting.get(desk)]).toEqual([GONE, null]);
  });

  it('is done when the host is evicted already', () => {
    const membership = known(EVICTED);
    expect([noteEviction(membership, desk), membership.evicting.size]).toEqual([[], 0]);
  });

  it('is told in greetings once the host is gone', () => {
    expect(evictionsTold(known(GONE))).toBeUndefined();
    expect(evictionsTold(known(undefined, [[desk, null]]))).toBeUndefined();
    expect(
      evictionsTold(
        known(GONE, [
          [desk, GONE],
          [lab, null],
        ]),
      ),
    ).toEqual({ [desk]: GONE });
  });
});

describe('an eviction that another host tells of', () => {
  const hear = (membership: Membership, evicting: Greeting['evicting'], said: Partial<Greeting> = {}) =>
    hearEvictions(membership, cloud, greetingOf(DATA[cloud] ?? '', wishOf(THREE), { config: MESH, evicting, ...said }));

  it('is noted when it is about the very leaving that this host knows of, and once', () => {
    const membership = known(GONE);
    expect(hear(membership, { [desk]: GONE })).toEqual([{ key: RECORD, value: { since: GONE } }]);
    expect(hear(membership, { [desk]: GONE })).toEqual([]);
  });

  it.each<[string, Membership, Greeting['evicting'], Partial<Greeting>]>([
    ['about another leaving', known(GONE), { [desk]: EARLIER }, {}],
    ['about a host that is here', known(undefined), { [desk]: GONE }, {}],
    ['already carried out', known(EVICTED), { [desk]: EVICTED }, {}],
    ['from another mesh', known(GONE), { [desk]: GONE }, { mesh: 'e'.repeat(32) }],
    ['by a host without a mesh', known(GONE), { [desk]: GONE }, { mesh: '' }],
    ['before there is a mesh here', known(GONE, [], { config: undefined }), { [desk]: GONE }, { mesh: '' }],
    [
      'by a host that left',
      known(GONE, [], { config: { ...MESH, gone: { [desk]: GONE, [cloud]: GONE } } }),
      { [desk]: GONE },
      {},
    ],
    [
      'to a host that left',
      known(GONE, [], { config: { ...MESH, gone: { [desk]: GONE, [mac]: GONE } } }),
      { [desk]: GONE },
      {},
    ],
    ['not at all', known(GONE), undefined, {}],
  ])('is not noted when it is %s', (_, membership, evicting, said) => {
    expect([hear(membership, evicting, said), membership.evicting.size]).toEqual([[], 0]);
  });
});

describe('what becomes of an eviction', () => {
  const leaving: Partial<Membership> = { config: { ...MESH, members: [...THREE, desk] } };
  const guest: Partial<Membership> = { guests: new Set([desk]) };
  const listed: { readonly wish: Wish } = { wish: wishOf(THREE, [...THREE, desk]) };

  it.each<[string, Membership, readonly unknown[], string | null | undefined]>([
    ['it waits while the host is gone, and is not evicted', known(GONE, [[desk, GONE]]), [], GONE],
    ['it waits while the host is a member that leaves', known(undefined, [[desk, null]], leaving), [], null],
    ['it waits while the host is a guest that leaves', known(undefined, [[desk, null]], guest), [], null],
    [
      'it is void when the guest is listed again',
      known(undefined, [[desk, null]], { ...guest, ...listed }),
      [[RECORD, undefined]],
      undefined,
    ],
    ['it learns since when the host is gone', known(GONE, [[desk, null]]), [[RECORD, { since: GONE }]], GONE],
    ['it ends when it is carried out', known(EVICTED, [[desk, GONE]]), [[RECORD, undefined]], undefined],
    [
      'it is void when the host left again at another time',
      known(GONE, [[desk, EARLIER]]),
      [[RECORD, undefined]],
      undefined,
    ],
    ['it is void when the host is back', known(undefined, [[desk, GONE]]), [[RECORD, undefined]], undefined],
    [
      'it is void when the member is listed again',
      known(undefined, [[desk, null]], { ...leaving, ...listed }),
      [[RECORD, undefined]],
      undefined,
    ],
    ['it is void when the host never was a member', known(undefined, [[desk, null]]), [[RECORD, undefined]], undefined],
  ])('is that %s', (_, membership, writes, since) => {
    const out: Effect[] = [];
    reviewEvictions(membership, out);
    expect([writesOf(out), membership.evicting.get(desk)]).toEqual([writes, since]);
  });

  it.each([
    ['done', known(EVICTED, [[desk, GONE]]), { kind: 'done' }],
    ['done, and the host is forgotten since', known(undefined, [[desk, GONE]]), { kind: 'done' }],
    [
      'refused',
      known(undefined, [[desk, GONE]], { config: { ...MESH, members: [...THREE, desk] } }),
      { kind: 'refused', message: expect.stringMatching(/listed in hosts\.json again/) },
    ],
  ])('is told to the operator who waits, once it is written: %s', (_, membership, result) => {
    membership.evictionsAwaited.set(7, desk).set(8, lab);
    membership.evicting.set(lab, null);
    Object.assign(membership, {
      config: { ...membership.config, members: [...(membership.config?.members ?? []), lab] },
    });
    const out: Effect[] = [];
    reviewEvictions(membership, out);
    expect(out).toMatchObject([{ type: 'persist', after: [{ type: 'finish', operation: 7, result }] }]);
    expect([...membership.evictionsAwaited]).toEqual([[8, lab]]);
  });
});
