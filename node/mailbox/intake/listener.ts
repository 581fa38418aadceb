// Where mail comes in: SMTP (RFC 5321) and LMTP (RFC 2033). smtp-server speaks; what is decided at each step of a session is in sessions.ts.
import { chmodSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { MeshError } from '../../../mesh/errors.ts';
import { MAIL_BYTES_MAX } from '../message.ts';
import { readDottedLines } from './dotted-lines.ts';
import { readLocalParts } from './local-parts.ts';
import { type SessionParts, Sessions } from './sessions.ts';

const RECIPIENTS_MAX = 100;
const CONNECTIONS_MAX = 200;
const SILENCE_MS_MAX = 60_000;
const CLOSE_MS_MAX = 3_000;

export interface ListenerParts extends SessionParts {
  /** PEM; absent: no STARTTLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Addresses of proxies that begin each connection with whose it is (PROXY protocol, version 1). */
  readonly proxies: readonly string[];
}

/** Where a listener listens. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Listener {
  /** Port of the listener; 0 for a socket in the file system. */
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with `invalid_request` and a sentence when it can't listen there. */
export async function listen(place: ListenPlace, parts: ListenerParts): Promise<Listener> {
  readDottedLines();
  readLocalParts();
  const sessions = new Sessions(parts);
  const disabledCommands = ['AUTH', ...(parts.tls === undefined ? ['STARTTLS'] : [])];
  const server = new SMTPServer({
    ...{ name: parts.hostId, lmtp: parts.protocol === 'lmtp', size: MAIL_BYTES_MAX, maxRecipients: RECIPIENTS_MAX },
    ...{ maxClients: CONNECTIONS_MAX, socketTimeout: SILENCE_MS_MAX, closeTimeout: CLOSE_MS_MAX },
    ...{ authOptional: true, disabledCommands, useXForward: true, useProxy: [...parts.proxies] },
    // The codes are those of replies.ts; smtp-server would put one of its own in front.
    ...{ hideENHANCEDSTATUSCODES: true, hideDSN: true, disableReverseLookup: true, logger: false },
    ...(parts.tls === undefined ? {} : { ...parts.tls, minVersion: 'TLSv1.2' as const }),
    onConnect: (session, callback) => {
      const refusal = sessions.begin(session, () => closeSession(server, session.id));
      if (!sessions.isTrusted(session)) Object.assign(session, { disabledCommands: [...disabledCommands, 'XFORWARD'] });
      callback(refusal);
    },
    onClose: (session) => sessions.end(session),
    onMailFrom: (_address, session, callback) => callback(sessions.beginMail(session)),
    onRcptTo: ({ address }, session, callback) => {
      void sessions.recipient(session, address).then(callback);
    },
    onData: (stream, session, callback) => {
      void sessions.mail(session, stream).then((answers) => callback(null, [...answers]));
    },
  });
  // What goes wrong on one connection is that client's; smtp-server tells of it here, too.
  server.on('error', () => undefined);
  await listening(server, place, parts.protocol);
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function listening(server: SMTPServer, place: ListenPlace, protocol: ListenerParts['protocol']): Promise<void> {
  if ('path' in place) await removeDeadSocket(place.path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (cause: NodeJS.ErrnoException) => reject(cannotListen(place, protocol, cause));
  server.server.once('error', fail);
  server.server.listen(place, () => {
    server.server.removeListener('error', fail);
    resolve();
  });
  // It is there already: nobody else may connect.
  if ('path' in place && server.server.listening) chmodSync(place.path, 0o600);
  await promise;
}

/** The socket of a process that was killed is left behind, and nobody answers at it. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (found?.isSocket() && !(await isAnswered(path))) await rm(path, { force: true });
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function cannotListen(
  place: ListenPlace,
  protocol: ListenerParts['protocol'],
  cause: NodeJS.ErrnoException,
): MeshError {
  const where = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  const why = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
  const message = `This node can't take mail on ${where}: ${why}. Choose another with --mailbox-${protocol} IP:PORT.`;
  return new MeshError('invalid_request', message, { cause });
}

function closeSession(server: SMTPServer, id: string): void {
  for (const connection of server.connections) if (connection.session.id === id) connection.close();
}
