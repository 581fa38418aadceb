// The kept connections to peers, a pool for each URL. A name may move to another machine, so no connection idles for long, whatever the server
// would like. Where somebody else than the peer answers, all connections are let go of, and the name is resolved again.
import { type Dispatcher, Pool } from 'undici';
import { HOSTS_MAX } from '../../../mesh/limits.ts';
import { createPeerConnector, type PeerAddresses, type PeerConnector } from './peer-connector.ts';

/** Header fields of a peer's answer, all together. */
const PEER_HEADERS_BYTES_MAX = 16 * 1_024;
/** Connections to one peer, for each kind of question; a further question waits for a connection, within its deadline. */
export const PEER_CONNECTIONS_MAX = 64;
/** An idle connection is closed after this long: sooner than servers close theirs (Node: 5 s), so that no connection dies under a question. */
export const PEER_IDLE_MS_MAX = 4_000;

/**
 * How one connection to a peer is used. `idleMsMax`: the connection is closed when nothing was asked for so long. `promisedIdleMsMax`: the
 * same where the server said (`keep-alive: timeout=…`) that it keeps the connection longer.
 */
export function clientOptions(idleMsMax = PEER_IDLE_MS_MAX, promisedIdleMsMax = idleMsMax) {
  return {
    maxHeaderSize: PEER_HEADERS_BYTES_MAX,
    keepAliveTimeout: idleMsMax,
    keepAliveMaxTimeout: promisedIdleMsMax,
    // The deadline of each question covers these, exactly.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  } as const;
}

export class PeerPools {
  readonly #connector: PeerConnector;
  readonly #client: ReturnType<typeof clientOptions>;
  /** By origin, the least recently made first. */
  readonly #pools = new Map<string, Pool>();
  /** Pools whose last questions are still under way. */
  readonly #leaving = new Set<Pool>();

  constructor(addresses: PeerAddresses, idleMsMax?: number, promisedIdleMsMax?: number) {
    this.#connector = createPeerConnector(addresses);
    this.#client = clientOptions(idleMsMax, promisedIdleMsMax);
  }

  /** The connections to that origin, made when first asked for. Above `HOSTS_MAX` origins, the one made longest ago is closed. */
  of(origin: string): Dispatcher {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const [oldest] = this.#pools.keys();
    if (oldest !== undefined && this.#pools.size >= HOSTS_MAX) this.#close(oldest);
    const { connect } = this.#connector;
    const pool = new Pool(origin, { ...this.#client, connect, connections: PEER_CONNECTIONS_MAX });
    this.#pools.set(origin, pool);
    return pool;
  }

  /** Whether the next question there goes over a connection that an earlier one left. */
  keeps(origin: string): boolean {
    return (this.#pools.get(origin)?.stats.free ?? 0) > 0;
  }

  /** What answers there is not the peer, or nothing answers. Questions under way end as they may; the next question goes over a new connection. */
  leave(origin: string): void {
    this.#close(origin);
  }

  /** Ends every connection, and with it every question under way. */
  async destroy(): Promise<void> {
    const destroyed = [...this.#pools.values(), ...this.#leaving].map((pool) => pool.destroy());
    this.#connector.dropPending();
    await Promise.all(destroyed);
  }

  #close(origin: string): void {
    const pool = this.#pools.get(origin);
    if (pool === undefined) return;
    this.#pools.delete(origin);
    this.#leaving.add(pool);
    const gone = () => this.#leaving.delete(pool);
    pool.close().then(gone, gone);
  }
}
