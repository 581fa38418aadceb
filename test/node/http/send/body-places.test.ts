// Places for large bodies: shared out by client, and each with an end, however a body drips.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { joined } from '../../../../node/http/input.ts';
import {
  BODY_MS_MAX,
  BodyPlaces,
  CLIENT_PLACES_MAX,
  CLIENT_WAITING_MAX,
  OCTETS_PER_SECOND_MIN,
  PLACES,
  SILENCE_MS_MAX,
} from '../../../../node/http/send/body-places.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** A body that a test sends by hand. */
function upload(places: BodyPlaces, client: string) {
  const leaving = new AbortController();
  let sender: ReadableStreamDefaultController | undefined;
  let isCancelled = false;
  const body = new ReadableStream({
    start: (controller) => {
      sender = controller;
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const options = { method: 'POST', body, signal: leaving.signal, duplex: 'half' } as RequestInit;
  const state = { hasPlace: false };
  const done = places.read(new Request('http://x/', options), client, (octets) => {
    state.hasPlace = true;
    return joined(octets, 100 * 1_024 * 1_024);
  });
  done.catch(() => undefined);
  return {
    done,
    state,
    leave: () => leaving.abort(),
    send: (octets: number) => sender?.enqueue(Buffer.alloc(octets)),
    end: () => sender?.close(),
    isCancelled: () => isCancelled,
  };
}
const many = (places: BodyPlaces, client: string, count: number) =>
  Array.from({ length: count }, () => upload(places, client));
const inPlace = (uploads: readonly ReturnType<typeof upload>[]) => uploads.filter(({ state }) => state.hasPlace).length;

describe('places', () => {
  it('are never all of one client', async () => {
    const places = new BodyPlaces(new VirtualClock());
    const greedy = many(places, 'a', 20);
    const other = many(places, 'b', 2);
    await nextTurn();
    expect([inPlace(greedy), inPlace(other)]).toEqual([CLIENT_PLACES_MAX, PLACES - CLIENT_PLACES_MAX]);
  });

  it('go to the client that has the fewest, not to whoever queued most', async () => {
    const places = new BodyPlaces(new VirtualClock());
    const [first, greedy] = [many(places, 'b', 2), many(places, 'a', 40)];
    const late = many(places, 'c', 1);
    await nextTurn();
    expect([inPlace(greedy), inPlace(late)]).toEqual([CLIENT_PLACES_MAX, 0]);
    first[0]?.end();
    await first[0]?.done;
    await nextTurn();
    expect([inPlace(greedy), inPlace(late)]).toEqual([CLIENT_PLACES_MAX, 1]);
  });

  it('can be waited for by one client only so often, and by others still', async () => {
    const places = new BodyPlaces(new VirtualClock());
    many(places, 'a', CLIENT_PLACES_MAX + CLIENT_WAITING_MAX);
    await expect(upload(places, 'a').done).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 10 });
    const other = many(places, 'b', 3);
    await nextTurn();
    expect(inPlace(other)).toBe(2);
  });

  it('are not waited for any more by who has left', async () => {
    const places = new BodyPlaces(new VirtualClock());
    const uploads = many(places, 'a', CLIENT_PLACES_MAX + 2);
    uploads[CLIENT_PLACES_MAX]?.leave();
    await expect(uploads[CLIENT_PLACES_MAX]?.done).rejects.toThrow();
    uploads[0]?.end();
    await uploads[0]?.done;
    await nextTurn();
    expect(uploads.at(-1)?.state.hasPlace).toBe(true);
  });
});

describe('a body in its place', () => {
  it('that falls silent gives it up, and the next has it', async () => {
    const clock = new VirtualClock();
    const places = new BodyPlaces(clock);
    const uploads = many(places, 'a', CLIENT_PLACES_MAX + 1);
    await clock.advance(SILENCE_MS_MAX);
    await expect(uploads[0]?.done).rejects.toMatchObject({ code: 'request_timeout' });
    await nextTurn();
    expect([uploads[0]?.isCancelled(), uploads.at(-1)?.state.hasPlace]).toEqual([true, true]);
  });

  it.each([
    ['drips is given up before long', 0.5, 2 * SILENCE_MS_MAX],
    ['comes just fast enough is given up at the deadline', 1.5, BODY_MS_MAX],
  ])('that %s', async (_, rate, endMs) => {
    const clock = new VirtualClock();
    const { done, send } = upload(new BodyPlaces(clock), 'a');
    const refusal = expect(done).rejects.toMatchObject({ code: 'request_timeout' });
    let endedMs: number | undefined;
    done.catch(() => {
      endedMs = clock.monotonicMs();
    });
    while (endedMs === undefined) {
      send(rate * OCTETS_PER_SECOND_MIN);
      await clock.advance(1_000);
    }
    await refusal;
    expect(Math.abs(endedMs - endMs)).toBeLessThanOrEqual(2_000);
  });

  it('is read whole when it comes, however long this node takes over it', async () => {
    const clock = new VirtualClock();
    const places = new BodyPlaces(clock);
    const body = new Request('http://x/', { method: 'POST', body: 'x'.repeat(100) });
    const read = places.read(body, 'a', async (octets) => {
      await clock.sleep(BODY_MS_MAX * 2);
      return joined(octets, 1_000);
    });
    await clock.advance(BODY_MS_MAX * 2);
    expect((await read).byteLength).toBe(100);
  });
});
