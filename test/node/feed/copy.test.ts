import { describe, expect, it } from 'vitest';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import { listedRow } from '../../../mesh/lookup/mesh-copy.ts';
import type { AddressKey, AgentId, EmailAddress, HostId } from '../../../mesh/names.ts';
import { Copy } from '../../../node/feed/copy.ts';
import { addressOf } from '../../support/agent-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const [cloud, mini] = ['cloud' as HostId, 'mini' as HostId];

function rowOf(address: string, agent: string, rest: Partial<IndexRow> = {}): IndexRow {
  const { address: text, key } = addressOf(address);
  return {
    address: text,
    key,
    agentId: `id-${agent}` as AgentId,
    agentName: agent,
    hostId: cloud,
    primary: false,
    ...rest,
  };
}
const key = (address: string) => address as AddressKey;

describe('the copy', () => {
  it('shows a row as its host put it, with whose it is', () => {
    const copy = new Copy(new VirtualClock());
    const row = rowOf('titania@x.com', 'titania', { displayName: 'Titania', primary: true, metadata: { tenant: 'x' } });
    copy.change(cloud, { drop: [], put: [row] });
    expect(copy.ofAddress(key('titania@x.com'))).toEqual([{ ...row, hostId: cloud }]);
    expect(copy.ofAgent('id-titania' as AgentId)).toEqual([{ ...row, hostId: cloud }]);
    expect(copy.rowOf(cloud, key('titania@x.com'))).toEqual({ ...row, hostId: cloud });
    expect(copy.rowOf(mini, key('titania@x.com'))).toBeUndefined();
  });

  it.each<[string, Partial<IndexRow>]>([
    ['nothing beside', {}],
    ['a display name that JSON escapes', { displayName: 'O"\u2028\u{1f984}' }],
    ['a display name that is no folder’s', { displayName: 'a/b' }],
    ['details', { displayName: 'Titania', primary: true, metadata: { b: '"', '2': 'two', ['__proto__']: 'x' } }],
    ['an agent whose name changed meanwhile', { agentName: 'queen/"one"' }],
  ])('writes the entry of a row with %s as JSON, as an index lists it', (_, rest) => {
    const copy = new Copy(new VirtualClock());
    const row = rowOf('titania@x.com', 'titania', rest);
    copy.change(cloud, { drop: [], put: [rowOf('first@x.com', 'titania'), row] });
    const url = 'http://cloud.example:23000/"';
    const written = copy.soleOwner(row.key)?.entryJson(url);
    expect(written).toBe(JSON.stringify(listedRow(row, url).entry));
  });

  it('has a sole owner of an address where one host alone shows it', () => {
    const copy = new Copy(new VirtualClock());
    copy.change(cloud, { drop: [], put: [rowOf('a@x.com', 'a')] });
    expect(copy.soleOwner(key('a@x.com'))).toMatchObject({ hostId: cloud, address: 'a@x.com' });
    copy.change(mini, { drop: [], put: [rowOf('a@x.com', 'b')] });
    expect(copy.soleOwner(key('a@x.com'))).toBeUndefined();
    copy.forget(cloud);
    expect(copy.soleOwner(key('a@x.com'))).toMatchObject({ hostId: mini });
    expect(copy.soleOwner(key('b@x.com'))).toBeUndefined();
  });

  it('shows both hosts that claim one address, and the other one alone once one let go', () => {
    const copy = new Copy(new VirtualClock());
    copy.change(cloud, { drop: [], put: [rowOf('a@x.com', 'a')] });
    copy.change(mini, { drop: [], put: [rowOf('a@x.com', 'b')] });
    expect(copy.ofAddress(key('a@x.com')).map(({ hostId }) => hostId)).toEqual([cloud, mini]);
    copy.change(cloud, { drop: [key('a@x.com')], put: [] });
    expect(copy.ofAddress(key('a@x.com')).map(({ hostId }) => hostId)).toEqual([mini]);
    expect(copy.ofAgent('id-a' as AgentId)).toEqual([]);
  });

  it('keeps an agent of one id on two hosts apart', () => {
    const copy = new Copy(new VirtualClock());
    copy.change(cloud, { drop: [], put: [rowOf('a@x.com', 'puck')] });
    copy.change(mini, { drop: [], put: [rowOf('b@x.com', 'puck')] });
    copy.forget(cloud);
    expect(copy.ofAgent('id-puck' as AgentId)).toMatchObject([{ hostId: mini, address: 'b@x.com' }]);
    expect([copy.size, copy.sizeOf(cloud), copy.sizeOf(mini)]).toEqual([1, 0, 1]);
  });

  it('is as of the latest confirmation, whichever came last', () => {
    const clock = new VirtualClock();
    const copy = new Copy(clock);
    const atMs = clock.monotonicMs();
    copy.confirm(cloud, atMs - 5);
    copy.confirm(cloud, atMs - 20);
    expect(copy.confirmedMs(cloud)).toBe(atMs - 5);
  });

  it('tells when a host last confirmed it, and not that of a host that is forgotten', async () => {
    const clock = new VirtualClock();
    const copy = new Copy(clock);
    expect(copy.confirmedMs(cloud)).toBeUndefined();
    await clock.advance(7);
    copy.confirm(cloud);
    const atMs = clock.monotonicMs();
    await clock.advance(5);
    expect(copy.confirmedMs(cloud)).toBe(atMs);
    copy.forget(cloud);
    expect(copy.confirmedMs(cloud)).toBeUndefined();
  });

  it('has another version after each change, and the same without one', () => {
    const copy = new Copy(new VirtualClock());
    const versions = [copy.version];
    copy.change(cloud, { drop: [], put: [rowOf('a@x.com', 'a')] });
    versions.push(copy.version);
    copy.confirm(cloud);
    expect(copy.version).toBe(versions[1]);
    copy.forget(cloud);
    versions.push(copy.version);
    expect(new Set(versions).size).toBe(3);
  });

  it.each([1, 2, 3, 4])('is what a plain list of rows would be, after any changes (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const copy = new Copy(new VirtualClock());
    const model = new Map<string, IndexRow>();
    const pick = <T>(list: readonly T[]) => list[Math.floor(random.next() * list.length)] as T;
    const addresses = Array.from({ length: 8 }, (_, at) => `a${at}@x.com`);
    for (let step = 0; step < 400; step += 1) {
      const host = pick([cloud, mini, 'pi' as HostId]);
      const address = pick(addresses);
      if (random.next() < 0.05) {
        copy.forget(host);
        for (const name of [...model.keys()]) if (name.startsWith(`${host} `)) model.delete(name);
      } else if (random.next() < 0.4) {
        copy.change(host, { drop: [key(address)], put: [] });
        model.delete(`${host} ${address}`);
      } else {
        const row = rowOf(address, pick(['puck', 'titania']), { agentName: pick(['old', 'new']) });
        copy.change(host, { drop: [], put: [row] });
        model.set(`${host} ${address}`, { ...row, hostId: host });
      }
    }
    const rows = [...model.values()];
    const sorted = (some: Iterable<IndexRow>) =>
      [...some].map((row) => JSON.stringify(row, Object.keys(row).sort())).sort();
    expect(sorted(copy.all())).toEqual(sorted(rows));
    expect(copy.size).toBe(rows.length);
    for (const address of addresses)
      expect(sorted(copy.ofAddress(key(address)))).toEqual(sorted(rows.filter((row) => row.address === address)));
    for (const agent of ['id-puck', 'id-titania'])
      expect(sorted(copy.ofAgent(agent as AgentId))).toEqual(sorted(rows.filter(({ agentId }) => agentId === agent)));
    expect(sorted(copy.ofHost(cloud))).toEqual(sorted(rows.filter(({ hostId }) => hostId === cloud)));
  });

  // Both took minutes where each row was looked for among all others.
  it.each([
    ['one agent', () => 'puck'],
    ['one agent under as many names', (at: number) => `puck${at}`],
  ])('takes in and lets go of 100,000 addresses of %s', (_, nameOf) => {
    const copy = new Copy(new VirtualClock());
    const plain = rowOf('a@x.com', 'puck');
    const put = Array.from({ length: 100_000 }, (__, at) => {
      const address = `a${at}@x.com`;
      return { ...plain, address: address as EmailAddress, key: address as AddressKey, agentName: nameOf(at) };
    });
    copy.change(cloud, { drop: [], put });
    expect([copy.size, copy.rowOf(cloud, key('a99999@x.com'))]).toEqual([100_000, put.at(-1)]);
    copy.change(cloud, { drop: put.map((row) => row.key), put: [] });
    expect([copy.size, copy.ofAgent(plain.agentId)]).toEqual([0, []]);
  });
});
