// Everything that a question to a peer needs: where the peer is, with which key it speaks, and what the question goes over.
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../../mesh/ports.ts';
import type { Host, Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { HostRecords } from './forgotten-hosts.ts';
import { type CallOnce, createHelloAsker } from './hello-question.ts';
import { HostBook } from './host-book.ts';
import { openPeerKeys, type PeerKeys } from './peer-keys.ts';
import type { BelieveLegacy } from './trusted-network.ts';

/** Questions to peers, once their keys are known. `start`: of this node, as text; `undefined` while nobody may be told of it. */
export type MakeTransport = (
  keys: PeerKeys,
  hostOf: (id: HostId) => Host | undefined,
  start: () => string | undefined,
) => PeerTransport & AsyncDisposable;

export interface TransportOptions {
  readonly self: HostId;
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
  readonly makeTransport: MakeTransport;
  /** The start of this node, as text; `undefined` while nobody may be told of it. */
  readonly start: () => string | undefined;
}

export interface OpenTransport extends AsyncDisposable {
  readonly hosts: HostBook;
  readonly keys: PeerKeys & HostRecords;
  readonly transport: PeerTransport;
}

/** Rejects with `store_failed` when a record can't be read. Disposing ends every question under way, and then every hello. */
export async function openTransport(options: TransportOptions): Promise<OpenTransport> {
  const { self, roster, store, clock, random, log, secret, believesLegacy, callOnce } = options;
  await using stack = new AsyncDisposableStack();
  const hosts = await HostBook.open({ store, roster });
  const hostOf = (id: HostId) => hosts.get(id);
  const hellos = createHelloAsker({ self, clock, random, callOnce, secret });
  const hasSecret = secret !== undefined;
  const keys = stack.use(await openPeerKeys({ hostOf, store, hellos, clock, log, hasSecret, believesLegacy }));
  const transport = stack.use(options.makeTransport(keys, hostOf, options.start));
  const owned = stack.move();
  return { hosts, keys, transport, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
