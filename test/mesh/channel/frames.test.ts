import { describe, expect, it } from 'vitest';
import { type Frame, FrameOpener, FrameSealer, PIECE_BYTES_MAX } from '../../../mesh/channel/frames.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const KEY = new Uint8Array(32).fill(7);
const octets = (count: number) => Buffer.alloc(count, 'x');

describe('frames', () => {
  it('are read as they were sealed, in whatever chunks they come', () => {
    const random = seededRandom(1);
    const sizes = [0, 1, 5, 100, PIECE_BYTES_MAX, 3, PIECE_BYTES_MAX - 1, 0];
    const sealer = new FrameSealer(KEY);
    const sent = Buffer.concat(
      sizes.map((size, at) => sealer.seal(at, [octets(size).subarray(0, 1), octets(size).subarray(1)])),
    );
    for (const largest of [1_000_000, 70_000, 4_000]) {
      const [opener, heard]: [FrameOpener, Frame[]] = [new FrameOpener(KEY), []];
      for (let at = 0; at < sent.byteLength; ) {
        const size = 1 + Math.floor(random.next() * largest);
        heard.push(...opener.push(sent.subarray(at, at + size)));
        at += size;
      }
      expect(heard.map(({ id, body }) => [id, body.byteLength])).toEqual(sizes.map((size, at) => [at, size]));
      expect(opener.count).toBe(sizes.length);
    }
  });

  it('under one key are so many and no more, on either side', () => {
    const [sealer, opener] = [new FrameSealer(KEY, 3), new FrameOpener(KEY, 2)];
    const sent = [1, 2, 3].map((id) => sealer.seal(id, [octets(1)]));
    expect(() => sealer.seal(4, [octets(1)])).toThrow(MeshError);
    expect([...opener.push(Buffer.concat(sent.slice(0, 2)))]).toHaveLength(2);
    expect(() => [...opener.push(sent[2] ?? octets(0))]).toThrow(/as many frames as one may be/);
  });

  it('that are larger than one may be are neither made nor waited for', () => {
    expect(() => new FrameSealer(KEY).seal(1, [octets(PIECE_BYTES_MAX + 3)])).toThrow('larger than one may be');
    const announced = Buffer.alloc(4);
    announced.writeUInt32BE(PIECE_BYTES_MAX + 100);
    expect(() => [...new FrameOpener(KEY).push(announced)]).toThrow(MeshError);
  });
});
