// What this host knows of its peers before it asks any of them, from its disk and hosts.json: where each is, with which key it speaks, and
// whether it serves only the look-up.
import type { LegacyMode } from '../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { Host, Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { HostRecords } from './forgotten-hosts.ts';
import { HostBook } from './host-book.ts';
import { type CallOnce, createHelloAsker } from './keys/hello-question.ts';
import { openPeerKeys, type PeerKeys } from './keys/peer-keys.ts';
import type { BelieveLegacy } from './keys/trusted-network.ts';
import { LegacyPeers } from './legacy/legacy-peers.ts';
import type { PeerLines } from './peer-transport.ts';

/**
 * Questions to peers, once their keys are known. `start`: of this node, as text; `undefined` while nobody may be told of it. `channelLost` is told
 * when the channel to a peer ended that this host still wanted.
 */
export type MakeTransport = (
  keys: PeerKeys,
  hostOf: (id: HostId) => Host | undefined,
  start: () => string | undefined,
  channelLost: (id: HostId) => void,
) => PeerLines;

export interface KnownPeersOptions {
  readonly self: HostId;
  readonly mode: LegacyMode;
  readonly roster: () => Roster;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What the operators of all hosts share. */
  readonly secret: string | undefined;
  readonly believesLegacy: BelieveLegacy;
  /** One question to a peer whose key is not known yet. */
  readonly callOnce: CallOnce;
  /** Told when another peer counts as legacy, or one no more. */
  readonly changed: () => void;
}

export interface KnownPeers extends AsyncDisposable {
  readonly hosts: HostBook;
  readonly keys: PeerKeys & HostRecords;
  readonly legacy: LegacyPeers;
}

/** Rejects with `store_failed` when a record can't be read. Disposing ends every hello. */
export async function openKnownPeers(options: KnownPeersOptions): Promise<KnownPeers> {
  const { self, mode, roster, store, clock, random, log, secret, believesLegacy, callOnce, changed } = options;
  await using stack = new AsyncDisposableStack();
  const hosts = await HostBook.open({ store, roster });
  const hostOf = (id: HostId) => hosts.get(id);
  const hellos = createHelloAsker({ self, clock, random, callOnce, secret });
  const hasSecret = secret !== undefined;
  const keys = stack.use(await openPeerKeys({ hostOf, store, hellos, clock, log, hasSecret, believesLegacy }));
  const legacy = await LegacyPeers.open({ mode, roster, keys, believesLegacy, store, log, changed });
  const owned = stack.move();
  return { hosts, keys, legacy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
