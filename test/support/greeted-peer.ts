// A host, and a peer whose answers to a hello a test decides.
import { expect } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import { type Host, rosterOf } from '../../mesh/roster.ts';
import type { PublicKey } from '../../mesh/signature/ed25519.ts';
import type { HelloAsker, Introduction, LegacyPeer } from '../../node/peers/keys/hello-question.ts';
import { openPeerKeys } from '../../node/peers/keys/peer-keys.ts';
import { legacyBelief } from '../../node/peers/keys/trusted-network.ts';
import { MemoryStore } from './memory-store.ts';
import { RecordingLog } from './recording-log.ts';
import { type TestKey, testKeys } from './test-keys.ts';
import { testHost } from './trusting-hosts.ts';
import { VirtualClock } from './virtual-clock.ts';

export const { mac, cloud, reborn } = testKeys('mac', 'cloud', 'reborn');

/** Says what the test tells it to, when the test tells it to. */
class ScriptedHellos implements HelloAsker {
  asked = 0;
  answer: (signal: AbortSignal) => Promise<Introduction | LegacyPeer> = async () => introduction(cloud.key);
  ask(_: Host, signal: AbortSignal): Promise<Introduction | LegacyPeer> {
    this.asked += 1;
    return this.answer(signal);
  }
}

export function introduction(key: PublicKey, { address = '10.0.0.7', proven = false } = {}): Introduction {
  return { kind: 'introduced', key, address, proven };
}

export interface Setting {
  store?: MemoryStore;
  hasSecret?: boolean;
  cloudHost?: Partial<Host>;
}

export async function setUp({ store = new MemoryStore(), hasSecret = false, cloudHost = {} }: Setting = {}) {
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const hellos = new ScriptedHellos();
  const list = (change: Partial<Host>) => {
    const self = testHost(mac.id);
    return rosterOf([self, testHost(cloud.id, 'http://10.0.0.7:1', change)], self);
  };
  let roster = list(cloudHost);
  const keys = await openPeerKeys({
    ...{ hostOf: (id) => roster.get(id), store, hellos, clock, log, hasSecret },
    believesLegacy: legacyBelief(hasSecret),
  });
  const edit = (change: Partial<Host>) => {
    roster = list(change);
  };
  return { clock, log, hellos, store, keys, edit };
}

export const silence = async () => {
  throw new MeshError('peer_silent', 'nobody there');
};

export const code = (expected: string) => expect.objectContaining({ code: expected });

export const known = ({ key: { text } }: TestKey) => ({ kind: 'known', key: { text, verify: expect.any(Function) } });

export const untrusted = (why = /./) => ({
  kind: 'untrusted',
  code: 'peer_untrusted',
  why: expect.stringMatching(why),
});
