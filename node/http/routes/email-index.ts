// GET /api/agents/email-index: who owns an address, asked here or of the whole mesh (specification, "Email Index" and
// "Federated Lookup"). Register it before `/api/agents/:id`, which would take the path for an agent's.
import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { EMAIL_INDEX_PATH, type ParseAddress } from '../../../mesh/lookup/index-entry.ts';
import { memberJson } from '../../../mesh/lookup/index-key.ts';
import { INDEX_PAGE_ENTRIES_MAX } from '../../../mesh/lookup/index-pages.ts';
import { type AddressKey, parseAgentId } from '../../../mesh/names.ts';
import type { PendingClaim } from '../../registry/address-claims.ts';
import type { EmailIndex } from '../../registry/email-index.ts';
import { readAgentCursor } from '../agent-cursor.ts';
import { answerFederated, type FederatedServices, JSON_TYPE, type WrittenAnswers } from '../lookup/federated-answer.ts';
import { copyHit, ownHit } from '../lookup/index-hit.ts';
import { type AgentPages, indexPage } from '../lookup/index-page.ts';
import { type Asked, readQuestion } from '../lookup/index-question.ts';
import type { LookUpKind, LookUpObserver } from '../lookup/look-up-observer.ts';
import type { WideIndex } from '../lookup/wide-index.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import { answerBytes, answerPrepared } from '../peers/answer-signature.ts';
import { rawHeader } from '../raw-headers.ts';

export const indexPageSizes = { entries: INDEX_PAGE_ENTRIES_MAX, entriesMax: INDEX_PAGE_ENTRIES_MAX };

export interface EmailIndexServices extends FederatedServices {
  readonly index: EmailIndex;
  readonly agents: AgentPages;
  /** The claim of an address that this host has not done yet. */
  readonly pending: (key: AddressKey) => PendingClaim | undefined;
  readonly parseAddress: ParseAddress;
  /** Set where the plain index shows the whole mesh (`MESH_INDEX_SCOPE`). */
  readonly wide?: WideIndex | undefined;
  readonly observer: LookUpObserver;
}

export function emailIndexRoutes(app: Hono, services: EmailIndexServices): void {
  const written: WrittenAnswers = new WeakMap();
  resource(app, EMAIL_INDEX_PATH, {
    GET: (c) => {
      const { clock, observer } = services;
      const sinceMs = clock.monotonicMs();
      const isPeer = isPeersQuestion(c);
      const note = (mode: LookUpKind) => observer.note(mode, clock.monotonicMs() - sinceMs);
      const hit = ownHit(services.index, c.req.url);
      if (hit !== undefined) {
        note(isPeer ? 'peer' : 'host');
        return answerMap(c, hit, isPeer);
      }
      const known = isPeer ? undefined : copyHit(services.lookUps, c.req.url);
      if (known !== undefined) {
        note('index');
        return c.body(known, 200, JSON_TYPE);
      }
      const asked = readQuestion(c.req.url, services.parseAddress);
      const mode = isPeer ? 'peer' : asked.isFederated ? (asked.mode ?? 'everybody') : 'host';
      const answer =
        asked.isFederated && !isPeer
          ? answerFederated(c, services, asked, written)
          : answerHere(c, services, asked, isPeer);
      if (answer instanceof Promise) return answer.finally(() => note(mode));
      note(mode);
      return answer;
    },
  });
}

/** A host speaks to its peers for its own agents alone. */
function answerHere(
  c: Context,
  services: EmailIndexServices,
  asked: Asked,
  isPeer: boolean,
): Response | Promise<Response> {
  if (services.wide !== undefined && !isPeer) return answerWide(c, services.wide, asked);
  if (asked.addresses === undefined && asked.agentId === undefined)
    return asked.isPaged ? answerPage(c, services) : answerWholeIndex(c, services);
  const map = localMap(services.index, asked, isPeer);
  const isNothing = map === '{}' && isPeer && !isSigned(c);
  return answerMap(c, isNothing ? pendingMap(services, asked) : map, isPeer);
}

/** A peer asks us on behalf of its own client; passing that on would make questions bounce. */
function isPeersQuestion(c: Context): boolean {
  const incoming = (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
  const sent = incoming ? rawHeader(incoming, 'x-federated-query') : c.req.header('x-federated-query');
  return sent?.toLowerCase() === 'true';
}

/** A peer that signs takes part in the claims, and learns there what is being claimed. */
function isSigned(c: Context): boolean {
  return c.get('peerMessage') !== undefined || c.req.header('signature-input') !== undefined;
}

/** What a peer that only knows the look-up must take for taken: it looks here, and then writes. */
function pendingMap({ pending, index }: EmailIndexServices, { addresses = [] }: Asked): string {
  for (const { key, spelling } of addresses) {
    const claim = pending(key);
    if (claim === undefined) continue;
    const held = index.asHeld(claim.agent, claim.entry);
    return `{${memberJson(spelling, held, { ...held.entry, pending: true })}}`;
  }
  return '{}';
}

/** The bare map. An unknown agent is 404 to a client; to a peer it is an empty map, so that it does not count us as failed. */
function localMap(index: EmailIndex, { addresses, agentId }: Asked, isPeer: boolean): string {
  const id = agentId === undefined ? undefined : parseAgentId(agentId);
  if (agentId !== undefined && (id === undefined || !index.hasAgent(id))) {
    if (isPeer) return '{}';
    throw noAgent(`This host has no agent '${agentId.slice(0, 200)}'; federated=true asks the other hosts too.`);
  }
  if (addresses === undefined) return `{${id === undefined ? '' : joinJson(index.byAgent(id))}}`;
  for (const { key, spelling } of addresses) {
    const held = index.byAddress(key);
    if (held !== undefined && (id === undefined || held.agent.id === id)) return held.mapJsonUnder(spelling);
  }
  return '{}';
}

/** Text is what Node sends fastest; octets are what an answer to a peer is signed over. */
function answerMap(c: Context, map: string, isPeer: boolean): Response {
  return isPeer ? answerBytes(c, Buffer.from(map)) : c.body(map, 200, JSON_TYPE);
}

function joinJson(list: readonly { readonly json: string }[]): string {
  return list.map((held) => held.json).join(',');
}

async function answerWide(c: Context, wide: WideIndex, asked: Asked): Promise<Response> {
  if (asked.addresses === undefined && asked.agentId === undefined) {
    const { etag } = wide;
    c.header('ETag', etag);
    if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
    return c.body(await wide.whole(), 200, JSON_TYPE);
  }
  const map = wide.map(asked);
  if (map !== undefined) return c.body(map, 200, JSON_TYPE);
  throw noAgent(`No host that this one knows of has an agent '${asked.agentId?.slice(0, 200)}'.`);
}

function noAgent(message: string): MeshError {
  return new MeshError('not_found', message, { field: 'agentId' });
}

async function answerWholeIndex(c: Context, { index, clock }: EmailIndexServices): Promise<Response> {
  const prepared = await index.prepare(clock);
  const { body, etag } = prepared;
  c.header('ETag', etag);
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  c.header('Content-Length', String(body.byteLength));
  return answerPrepared(c, prepared);
}

function answerPage(c: Context, { index, agents }: EmailIndexServices): Response {
  const { cursor, limit } = readPage(c, indexPageSizes);
  const { etag } = index;
  c.header('ETag', etag);
  if (cursor === undefined && matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  return answerBytes(c, Buffer.from(indexPage(index, agents, { after: readAgentCursor(cursor), limit })));
}

/** `If-None-Match` (RFC 9110 §13.1.2): `*`, or a list in which one tag equals ours, weak or not. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
