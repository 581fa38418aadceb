// The claims in a table of PostgreSQL: a unique key, inserted or not, in one transaction that is on the disk before it is answered.
import type { LookupFunction } from 'node:net';
import pg from 'pg';
import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Claim, ReleasedClaim } from '../../mesh/state/claim-store.ts';
import { ownerSchema } from '../../mesh/state/schemas.ts';
import { socketBy } from '../dns/named-socket.ts';
import { SpokenSecrets } from '../machine/spoken-secrets.ts';
import { readPostgresUrl } from './postgres-url.ts';

const CONNECTIONS_MAX = 16;
const STATEMENT_MS_MAX = 5_000;
const CLAIMS_PER_PAGE_MAX = 500;
const TABLE = `
  CREATE TABLE IF NOT EXISTS agent_email_claims (
    key text COLLATE "C" PRIMARY KEY, claim_id text NOT NULL, owner jsonb NOT NULL
  )`;
/** Two hosts may make the table at the same moment; one of them is told so, and the table is there. */
const MADE_MEANWHILE = ['23505', '42P07'];

/** `postgres://user:password@host:port/database[?sslmode=…]`. Throws a sentence without the password. */
export function openPostgres(url: string, lookup?: LookupFunction): ClaimEngine {
  const { connection, where, password } = readPostgresUrl(url);
  const pool = new pg.Pool({
    ...connection,
    ...(lookup && { stream: () => socketBy(lookup) }),
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: STATEMENT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    query_timeout: STATEMENT_MS_MAX,
    application_name: 'agent-email-mesh',
  });
  // The server went away, under an idle connection or one in use: the question that meets it says so, and nobody else is to end by it.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  const secrets = new SpokenSecrets();
  if (password !== undefined) secrets.hide(connection.user ?? '', password);
  return new PostgresEngine(pool, where, secrets);
}

class PostgresEngine implements ClaimEngine {
  readonly kind = 'postgres';
  readonly #pool: pg.Pool;
  readonly #where: string;
  readonly #secrets: SpokenSecrets;
  #hasTable = false;

  constructor(pool: pg.Pool, where: string, secrets: SpokenSecrets) {
    this.#pool = pool;
    this.#where = where;
    this.#secrets = secrets;
  }

  put(claims: readonly Claim[], signal: AbortSignal) {
    // In the order of the keys, so that two requests never wait for each other.
    const sorted = claims.toSorted((one, other) => (one.key < other.key ? -1 : 1));
    return this.#asking(signal, async (client) => {
      await client.query('BEGIN');
      await client.query('SET LOCAL synchronous_commit = on');
      for (const { key, owner } of sorted)
        await client.query(
          'INSERT INTO agent_email_claims (key, claim_id, owner) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING',
          [key, owner.claimId, JSON.stringify(owner)],
        );
      const { rows } = await client.query('SELECT key, owner FROM agent_email_claims WHERE key = ANY($1)', [
        sorted.map(({ key }) => key),
      ]);
      const found = new Map(rows.map(({ key, owner }) => [key as AddressKey, ownerSchema.parse(owner)]));
      const inTheWay = sorted.find(({ key, owner }) => found.get(key)?.claimId !== owner.claimId)?.key;
      if (inTheWay === undefined) {
        await client.query('COMMIT');
        return undefined;
      }
      await client.query('ROLLBACK');
      const owner = found.get(inTheWay);
      if (owner === undefined) throw new Error(`PostgreSQL took no claim of '${inTheWay}', and shows none.`);
      return { key: inTheWay, owner };
    });
  }

  release(released: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    const claims = released.toSorted((one, other) => (one.key < other.key ? -1 : 1));
    return this.#asking(signal, async (client) => {
      await client.query('BEGIN');
      await client.query('SET LOCAL synchronous_commit = on');
      // A claim that was aborted may still be under way in the server: an insertion of the same key waits until it has ended.
      for (const { key, claimId } of claims)
        await client.query(
          "INSERT INTO agent_email_claims (key, claim_id, owner) VALUES ($1, $2, '{}') ON CONFLICT (key) DO NOTHING",
          [key, claimId],
        );
      for (const { key, claimId } of claims)
        await client.query('DELETE FROM agent_email_claims WHERE key = $1 AND claim_id = $2', [key, claimId]);
      await client.query('COMMIT');
    });
  }

  /** What had not reached the server is not committed any more: its connection is closed. */
  abort(claims: readonly ReleasedClaim[], signal: AbortSignal): Promise<void> {
    return this.release(claims, signal);
  }

  async evict(host: HostId, signal: AbortSignal): Promise<void> {
    for (let isMore = true; isMore; )
      isMore = await this.#asking(signal, async (client) => {
        await client.query('BEGIN');
        await client.query('SET LOCAL synchronous_commit = on');
        const { rowCount } = await client.query(
          `DELETE FROM agent_email_claims WHERE key IN
             (SELECT key FROM agent_email_claims WHERE owner->>'hostId' = $1 LIMIT $2)`,
          [host, CLAIMS_PER_PAGE_MAX],
        );
        await client.query('COMMIT');
        return rowCount === CLAIMS_PER_PAGE_MAX;
      });
  }

  read(key: AddressKey, signal: AbortSignal): Promise<Owner | null> {
    return this.#asking(signal, async (client) => {
      const { rows } = await client.query('SELECT owner FROM agent_email_claims WHERE key = $1', [key]);
      return rows[0] === undefined ? null : ownerSchema.parse(rows[0].owner);
    });
  }

  ping(signal: AbortSignal): Promise<void> {
    return this.#asking(signal, async (client) => {
      const { rows } = await client.query('SELECT pg_is_in_recovery() AS is_standby');
      if (rows[0]?.is_standby === true) throw new Error('it is a standby, which takes no claims');
    });
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  /** One connection for one question; whoever gives up on it never has it used again. */
  async #asking<T>(signal: AbortSignal, ask: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined;
    let isSound = false;
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    aborted.promise.catch(() => undefined);
    try {
      const connecting = this.#pool.connect();
      client = await Promise.race([connecting, aborted.promise]).catch((error) => {
        connecting.then(
          (late) => late.release(true),
          () => undefined,
        );
        throw error;
      });
      if (!this.#hasTable) await this.#makeTable(client);
      const answer = await Promise.race([ask(client), aborted.promise]);
      isSound = true;
      return answer;
    } catch (error) {
      const why = this.#secrets.scrub((error as Error).message).slice(0, 500);
      throw new Error(`PostgreSQL at ${this.#where} can't be asked: ${why}.`);
    } finally {
      signal.removeEventListener('abort', onAbort);
      client?.release(!isSound);
    }
  }

  async #makeTable(client: pg.PoolClient): Promise<void> {
    await client.query(TABLE).catch((error: { readonly code?: string }) => {
      if (!MADE_MEANWHILE.includes(error.code ?? '')) throw error;
    });
    this.#hasTable = true;
  }
}
