// An attachment that is named by its URL, fetched for whoever sends the mail. A URL from a client must not become a request to this machine's
// neighbours: the webhooks' guard judges every address, of each redirect too.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { startDeadline } from '../../../mesh/time/deadline.ts';
import { connect, type Ways } from '../../webhooks/guard/connector.ts';
import { MailboxError } from '../errors.ts';

/** All of one attachment: names, redirects, connections, octets. */
const FETCH_MS_MAX = 30_000;
export const FETCHED_BYTES_MAX = 30_000_000;
const REDIRECTS_MAX = 3;
const REDIRECTS = [301, 302, 303, 307, 308];

export interface Fetched {
  /** What the server says; absent when it does not. */
  readonly contentType?: string | undefined;
  readonly octets: AsyncIterable<Uint8Array>;
}

/**
 * Gives what is at the URL to `take` while it comes. Throws `message_rejected` when that can't be had: refused by the guard, no 2xx, too large,
 * too slow.
 */
export async function fetchAttachment<Result>(
  url: string,
  ways: Ways & { readonly clock: Clock },
  take: (fetched: Fetched) => Promise<Result>,
): Promise<Result> {
  const late = () => new Error(`it did not come whole within ${FETCH_MS_MAX / 1_000} s`);
  using deadline = startDeadline({ clock: ways.clock, ms: FETCH_MS_MAX, signals: [], silent: late });
  let response: IncomingMessage | undefined;
  try {
    response = await followed(url, ways, deadline.signal);
    const { 'content-type': type = '' } = response.headers;
    return await take({ contentType: type.split(';', 1)[0]?.trim() || undefined, octets: bounded(response) });
  } catch (error) {
    // What `take` refuses is not about the URL.
    if (error instanceof MeshError && error.code !== 'url_refused' && error.code !== 'invalid_request') throw error;
    const reason = deadline.signal.aborted ? late().message : (error as Error).message;
    const message = `The attachment at ${url.slice(0, 200)} can't be fetched: ${reason.replace(/\.$/, '')}.`;
    throw new MailboxError('message_rejected', message);
  } finally {
    response?.destroy();
  }
}

async function followed(first: string, ways: Ways, signal: AbortSignal): Promise<IncomingMessage> {
  let url = ways.guard.admit(first);
  for (let redirects = 0; ; redirects += 1) {
    const response = await asked(url, ways, signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 200 && statusCode < 300) return response;
    response.destroy();
    if (!REDIRECTS.includes(statusCode) || headers.location === undefined)
      throw new Error(`its server answered ${statusCode}`);
    if (redirects === REDIRECTS_MAX) throw new Error(`its server sent us on more than ${REDIRECTS_MAX} times`);
    url = ways.guard.admit(new URL(headers.location, url).href);
  }
}

async function asked(url: URL, ways: Ways, signal: AbortSignal): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const socket = await connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, isTls }, ways, signal);
  return await new Promise((resolve, reject) => {
    const asking = httpRequest({
      ...{ method: 'GET', path: url.pathname + url.search, signal, createConnection: () => socket },
      headers: { Host: url.host, 'User-Agent': 'agent-email-mesh', 'Accept-Encoding': 'identity', Connection: 'close' },
    });
    asking.once('response', resolve);
    asking.on('error', reject);
    asking.end();
  });
}

async function* bounded(response: IncomingMessage): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > FETCHED_BYTES_MAX) throw new Error(`it is larger than ${FETCHED_BYTES_MAX} octets`);
    yield piece;
  }
}
