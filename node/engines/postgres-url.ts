// What `MESH_CLAIMS=postgres://…` says, judged by what the client would do with it: a password leaves this machine only over TLS, and only to
// a server whose certificate fits its name. Passwords come from there (or PGPASSWORD) and from no file.
import pg from 'pg';
import { MeshError } from '../../mesh/errors.ts';
import { readCertificates } from '../machine/certificates.ts';
import { isThisMachine } from '../machine/this-machine.ts';

const FORM = 'postgres://user:password@host:port/database[?sslmode=verify-full]';
/** The first three check the certificate and the name; the client takes them for one. */
const SSL_MODES: ReadonlyMap<string, string> = new Map([
  ['verify-full', 'verify-full'],
  ['verify-ca', 'verify-full'],
  ['require', 'verify-full'],
  ['no-verify', 'no-verify'],
  ['disable', 'disable'],
]);

type Connection = Pick<pg.PoolConfig, 'host' | 'port' | 'user' | 'database' | 'password' | 'ssl' | 'options'>;

export interface PostgresUrl {
  readonly connection: Connection;
  /** `host:port/database`, for sentences. */
  readonly where: string;
  readonly password: string | undefined;
}

/** Throws `invalid_request` with a sentence without the password. */
export function readPostgresUrl(text: string): PostgresUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.pathname.length < 2) throw wrong('is no URL of a database');
  // A '/' in a password would end the host there, and the rest of it would be shown as the database.
  if (url.pathname.includes('@'))
    throw wrong("has an '@' behind its host; in a user or password write / as %2F, and @ as %40");
  const mode = url.searchParams.get('sslmode');
  if (mode !== null) url.searchParams.set('sslmode', modeOf(mode));
  const ca = url.searchParams.get('sslrootcert');
  if (ca !== null) refuseUnreadable(ca);
  const client = clientOf(url);
  const { host, port, user, database } = client;
  const [ssl, password] = [client.ssl as pg.PoolConfig['ssl'], client.password || undefined];
  const options = url.searchParams.get('options');
  if (password !== undefined && !host.startsWith('/') && !isThisMachine(host)) refuseUnsafe(host, ssl);
  return {
    where: `${host}:${port}/${database}`,
    password,
    connection: {
      ...{ host, port, ssl: ssl ?? false },
      ...(user === undefined ? {} : { user }),
      ...(database === undefined ? {} : { database }),
      ...(options === null ? {} : { options }),
      password: password ?? (() => Promise.reject(new Error('it asks for a password, and MESH_CLAIMS has none'))),
    },
  };
}

function modeOf(mode: string): string {
  const known = SSL_MODES.get(mode);
  if (known !== undefined) return known;
  if (mode === 'prefer' || mode === 'allow')
    throw wrong(
      `has sslmode=${mode}, which leaves it to whoever answers whether TLS is used: write verify-full, or disable`,
    );
  throw wrong('has an unknown sslmode: write verify-full, or disable');
}

function refuseUnreadable(ca: string): void {
  try {
    readCertificates(ca);
  } catch (cause) {
    throw wrong(`has an sslrootcert that can't be used: ${(cause as Error).message}`, cause);
  }
}

/** A client of the URL as the library reads it, with the variables of its own (PGHOST, PGSSLMODE, …). */
function clientOf(url: URL): pg.Client {
  try {
    return new pg.Client({ connectionString: url.href });
  } catch (error) {
    // Without its cause: the library's errors may hold the URL.
    const { code, path } = error as NodeJS.ErrnoException;
    throw wrong(path === undefined ? "can't be understood" : `names the file '${path}', which can't be read (${code})`);
  }
}

function refuseUnsafe(host: string, ssl: pg.PoolConfig['ssl']): void {
  if (!ssl) throw wrong(`has a password that would go to ${host} in clear text: add ?sslmode=verify-full`);
  if (ssl === true || (ssl.rejectUnauthorized !== false && ssl.checkServerIdentity === undefined)) return;
  throw wrong(`has a password that would go to whoever answers for ${host}: write sslmode=verify-full`);
}

function wrong(why: string, cause?: unknown): MeshError {
  return new MeshError('invalid_request', `MESH_CLAIMS ${why}; it is ${FORM}.`, cause === undefined ? {} : { cause });
}
