// Asking a peer who it is, and what is noted of that.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import { untilAborted } from '../../../mesh/time/deadline.ts';
import { Introductions } from '../../../node/peers/introductions.ts';
import type { Learned } from '../../../node/peers/keys/first-contact.ts';

const CLOUD = 'cloud' as HostId;
const SILENT: Learned = { kind: 'silent', why: 'Nobody answers.' };

function setUp(learn: () => Promise<Learned>) {
  const noted: unknown[] = [];
  const keys = {
    known: () => undefined,
    learn: (_: HostId, signal?: AbortSignal) => (signal === undefined ? learn() : untilAborted(signal, learn())),
    recheck: async (id: HostId) => void noted.push(['rechecked', id]),
  };
  const legacy = { heard: async (id: HostId, learned: Learned) => void noted.push([id, learned]) };
  return { introductions: new Introductions({ keys, legacy }), noted, stop: new AbortController() };
}

describe('a peer that is asked who it is', () => {
  it('is noted, after a key that hosts.json disclaims was looked at again', async () => {
    const { introductions, noted, stop } = setUp(async () => SILENT);
    expect(await introductions.meet(CLOUD, stop.signal)).toEqual(SILENT);
    expect(noted).toEqual([
      ['rechecked', 'cloud'],
      ['cloud', SILENT],
    ]);
  });

  it('is given up when the node stops, whatever the reason says, and nothing is noted', async () => {
    const { introductions, noted, stop } = setUp(() => new Promise(() => undefined));
    const met = introductions.meet(CLOUD, stop.signal);
    stop.abort();
    expect(await met).toBeUndefined();
    expect(noted).toEqual([['rechecked', 'cloud']]);
  });

  it('ends the node when that can not be stored', async () => {
    const { introductions, stop } = setUp(() => Promise.reject(new MeshError('store_failed', 'The disk is full.')));
    await expect(introductions.meetAll([CLOUD], stop.signal)).rejects.toMatchObject({ code: 'store_failed' });
  });
});
