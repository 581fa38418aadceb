import { describe, expect, it } from 'vitest';
import { PIECE_BYTES_MAX } from '../../../mesh/channel/frames.ts';
import { IncomingLanes, MESSAGE_BYTES_MAX, OutgoingLanes, type Said } from '../../../mesh/channel/lanes.ts';
import { CREDIT_BYTES } from '../../../mesh/channel/limits.ts';
import { MeshError } from '../../../mesh/errors.ts';

const octets = (count: number) => Buffer.alloc(count, 'x');

/** What leaves until nothing more may. */
function leaving(lanes: OutgoingLanes, incoming = new IncomingLanes()): Said[] {
  const said: Said[] = [];
  for (let next = lanes.next(); next !== undefined; next = lanes.next())
    said.push(incoming.read({ id: next.id, body: Buffer.concat(next.body) }));
  return said;
}

const told = (said: readonly Said[]) => said.map((one) => ('lane' in one ? `${one.kind} ${one.lane}` : one.kind));

describe('the lanes out', () => {
  it('let a claim wait for one piece of an answer to a look-up, and no more', () => {
    const lanes = new OutgoingLanes();
    lanes.push(1, 1, octets(3 * PIECE_BYTES_MAX));
    const first = lanes.next();
    lanes.push(0, 2, octets(10));
    expect(first?.id).toBe(1);
    expect([lanes.next()?.id, lanes.next()?.id]).toEqual([2, 1]);
  });

  it('let no more leave in the second lane than there is credit for, while the first goes on', () => {
    const lanes = new OutgoingLanes();
    lanes.push(1, 1, octets(MESSAGE_BYTES_MAX));
    const incoming = new IncomingLanes();
    const before = leaving(lanes, incoming);
    expect(before.reduce((all, one) => all + ('bytes' in one ? one.bytes : 0), 0)).toBe(CREDIT_BYTES);
    lanes.push(0, 2, octets(10));
    expect(told(leaving(lanes, incoming))).toEqual(['message 0']);
    lanes.gain(CREDIT_BYTES);
    lanes.gain(0);
    expect(told(leaving(lanes, incoming))).toEqual(['piece 1', 'piece 1', 'piece 1', 'piece 1']);
    lanes.gain(CREDIT_BYTES);
    expect(leaving(lanes, incoming)).toMatchObject([{ kind: 'message', octets: octets(MESSAGE_BYTES_MAX) }]);
  });

  it('take no more credit than was used', () => {
    expect(() => new OutgoingLanes().gain(1)).toThrow(MeshError);
  });

  it('say what was pushed, in any sizes', () => {
    for (const size of [0, 1, PIECE_BYTES_MAX - 1, PIECE_BYTES_MAX, PIECE_BYTES_MAX + 1, 3 * PIECE_BYTES_MAX]) {
      const lanes = new OutgoingLanes();
      lanes.push(0, 7, octets(size));
      expect(leaving(lanes).at(-1), String(size)).toMatchObject({ kind: 'message', id: 7, octets: octets(size) });
    }
  });
});

describe('the lanes in', () => {
  it.each([
    ['nothing', []],
    ['an unknown kind', [6]],
    ['a third lane', [2, 2, 1]],
    ['a credit of three octets', [4, 1, 1, 1]],
    ['a piece of nothing', [1, 0]],
  ])('refuse %s', (_, body) => {
    expect(() => new IncomingLanes().read({ id: 1, body: Buffer.from(body) })).toThrow(MeshError);
  });

  it('keep the messages of the two lanes apart', () => {
    const lanes = new IncomingLanes();
    const take = (id: number, lane: number, kind: number, text: string) =>
      lanes.read({ id, body: Buffer.concat([Buffer.of(kind, lane), Buffer.from(text)]) });
    expect(told([take(1, 1, 1, 'look'), take(2, 0, 1, 'cla')])).toEqual(['piece 1', 'piece 0']);
    expect(take(2, 0, 2, 'im')).toMatchObject({ id: 2, octets: Buffer.from('claim') });
    expect(take(1, 1, 2, '-up')).toMatchObject({ id: 1, octets: Buffer.from('look-up') });
  });
});
