// The short way of the commonest look-ups: answered from Node's own request, before anything is made of it for the routes. It takes a request
// only when nothing in it could matter beside the address, or it asks for the whole index while that is at hand, and answers as the routes
// would, octet for octet; any other it leaves untouched for the long way. Whoever signs goes the long way too, and so does whoever shows a key
// or a token that does not open this.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EMAIL_INDEX_PATH } from '../../../mesh/lookup/index-entry.ts';
import type { EmailIndex, PreparedIndex } from '../../registry/email-index.ts';
import type { Gate } from '../gate/gate.ts';
import { rawHeader, rawHeaderNames } from '../raw-headers.ts';
import { type FederatedServices, JSON_TYPE } from './federated-answer.ts';
import { copyHit, ownHit } from './index-hit.ts';
import type { LookUpObserver } from './look-up-observer.ts';
import type { WideIndex } from './wide-index.ts';

/** Answers, or returns `false` and has changed nothing that the long way does not change as well. `client`: its network (`addressGroup`). */
export type ShortWay = (incoming: IncomingMessage, outgoing: ServerResponse, client: string) => boolean;

const PATH_AND_QUESTION = `${EMAIL_INDEX_PATH}?address=`;
/** What a URL parser leaves as it is: neither a fragment nor anything that it would encode. */
const PLAIN_TARGET = /^[\w/.?=&%@~$*!-]+$/;
/** A name or an IPv4 address in lower case, and a port that is one. */
const PLAIN_HOST = /^[a-z0-9.-]+(?::[1-9]\d{0,3}|:[1-5]\d{4}|:6[0-4]\d{3})?$/;
/** Fields that decide what is answered, to whom, or what becomes of the connection. */
const DECISIVE = new Set([
  ...['host', 'origin', 'signature-input', 'x-federated-query', 'expect', 'upgrade'],
  ...['content-length', 'transfer-encoding', 'if-none-match'],
]);
const DECISIVE_LENGTHS = new Set([...DECISIVE].map((name) => name.length));

export interface ShortLookUpServices {
  readonly gate: Gate;
  /** What the routes of the index are given. */
  readonly emailIndex: FederatedServices & {
    readonly index: EmailIndex;
    readonly wide?: WideIndex | undefined;
    readonly observer: LookUpObserver;
  };
}

export function createShortLookUp({ gate, emailIndex }: ShortLookUpServices): ShortWay {
  const { index, lookUps, clock, observer, wide } = emailIndex;
  return (incoming, outgoing, client) => {
    const { method, url = '', httpVersion } = incoming;
    const isWhole = url === EMAIL_INDEX_PATH && wide === undefined;
    if (method !== 'GET' || httpVersion !== '1.1' || !(isWhole || url.startsWith(PATH_AND_QUESTION))) return false;
    const sinceMs = clock.monotonicMs();
    if (!PLAIN_TARGET.test(url) || !isPlain(incoming.rawHeaders)) return false;
    const header = (name: string) => rawHeader(incoming, name);
    const headerNames = () => rawHeaderNames(incoming);
    const visitor = { method, path: EMAIL_INDEX_PATH, client, connection: incoming.socket, header, headerNames };
    // Before the address is looked for, or the time that a refusal takes would tell whether there is such an address.
    if (!gate.admits(visitor)) return false;
    if (isWhole) {
      const prepared = index.whole;
      if (prepared === undefined) return false;
      answerWhole(outgoing, prepared);
      observer.note('host', clock.monotonicMs() - sinceMs);
      return true;
    }
    const own = ownHit(index, url);
    const json = own ?? copyHit(lookUps, url);
    if (json === undefined) return false;
    answerJson(outgoing, json);
    observer.note(own === undefined ? 'index' : 'host', clock.monotonicMs() - sinceMs);
    return true;
  };
}

/** Says the length as the adapter of the long way does, where Node puts one that it knows beforehand: behind all other fields. */
function answerJson(outgoing: ServerResponse, json: string): void {
  (outgoing as ServerResponse & { _contentLength: number })._contentLength = Buffer.byteLength(json);
  outgoing.writeHead(200, JSON_TYPE);
  outgoing.end(json);
}

/** The fields in the order of the long way, which sorts them. */
function answerWhole(outgoing: ServerResponse, { body, etag }: PreparedIndex): void {
  outgoing.writeHead(200, { 'content-length': body.byteLength, 'content-type': 'application/json', etag });
  outgoing.end(body);
}

/** Whether `Host` is the only decisive field, in its plain form. The gate refuses a second one. */
function isPlain(rawHeaders: readonly string[]): boolean {
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const field = rawHeaders[at] ?? '';
    if (!DECISIVE_LENGTHS.has(field.length)) continue;
    const name = field.toLowerCase();
    if (!DECISIVE.has(name)) continue;
    if (name !== 'host') return false;
    host = rawHeaders[at + 1] ?? '';
  }
  return host !== undefined && PLAIN_HOST.test(host);
}
