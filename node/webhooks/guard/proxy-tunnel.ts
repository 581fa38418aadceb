// Connections through an HTTP proxy, for networks that let nothing out otherwise: by CONNECT (RFC 9110 §9.3.6), to http receivers too.
// In a tunnel the status line is the receiver's own, and a proxy's error page is nobody's acceptance. The proxy is given names, for
// proxies rule by names; which address a name leads to is then the proxy's to see to. Its own address is the operator's word, unjudged.
import http from 'node:http';
import type { LookupFunction, Socket } from 'node:net';
import { MeshError } from '../../../mesh/errors.ts';
import { RESPONSE_HEADERS_BYTES_MAX } from '../limits.ts';

export interface Target {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Rejects with the code `EPROXY` when the proxy can't be reached or does not connect. The caller sees to the time, by `signal`. */
export type OpenTunnel = (target: Target, signal: AbortSignal) => Promise<Socket>;

/** No tunnel. The message says why, and what the proxy answered but for its status stays unread. */
class ProxyError extends Error {
  readonly code = 'EPROXY';
}

/** By `http://[user:password@]host:port`. Throws `invalid_request` when it is none. `lookup` resolves the proxy's own name. */
export function createTunnel(url: string, lookup: LookupFunction): OpenTunnel {
  const proxy = parseProxyUrl(url);
  return (target, signal) =>
    new Promise((resolve, reject) => {
      const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
      const asked = http.request({
        ...{ host: proxy.host, port: proxy.port, lookup, agent: false, signal },
        ...{ method: 'CONNECT', path: authority, maxHeaderSize: RESPONSE_HEADERS_BYTES_MAX },
        headers: { host: authority, ...proxy.headers },
      });
      asked.once('connect', ({ statusCode: status = 0 }, socket: Socket, early: Buffer) => {
        // Stays for the life of the socket: what goes wrong in the tunnel is the request's to tell.
        socket.on('error', () => undefined);
        if (status < 200 || status > 299) {
          socket.destroy();
          reject(new ProxyError(refusal(status, authority)));
          return;
        }
        if (early.length > 0) socket.unshift(early);
        resolve(socket.setNoDelay(true).setKeepAlive(true));
      });
      asked.on('error', (cause: NodeJS.ErrnoException) => {
        const why = signal.aborted ? signal.reason : new ProxyError(unreachable(proxy, cause), { cause });
        reject(why);
      });
      asked.end();
    });
}

interface Proxy {
  readonly host: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

function parseProxyUrl(text: string): Proxy {
  try {
    const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(text);
    if (protocol !== 'http:' || pathname !== '/' || search !== '' || hash !== '') throw new Error('It says more.');
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const headers = user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` };
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port), headers };
  } catch {
    // The URL may hold a password, so it is not shown.
    throw new MeshError(
      'invalid_request',
      'MESH_WEBHOOK_PROXY must be http://host:port or http://user:password@host:port.',
    );
  }
}

function refusal(status: number, authority: string): string {
  if (status === 407)
    return 'The proxy wants a user name and a password in MESH_WEBHOOK_PROXY, or others than these (407).';
  return `The proxy did not connect to ${authority}: it answered ${status}.`;
}

function unreachable({ host, port }: Proxy, { code, message }: NodeJS.ErrnoException): string {
  return `The proxy at ${host} port ${port} is not there, or is none (${code ?? message}).`;
}
