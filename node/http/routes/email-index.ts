// GET /api/agents/email-index: who owns an address, asked here or of the whole mesh (specification, "Email Index" and
// "Federated Lookup"). Register it before `/api/agents/:id`, which would take the path for an agent's.
import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import type { LookUp, LookUpAnswer } from '../../../mesh/lookup/fan-out.ts';
import {
  EMAIL_INDEX_PATH,
  type ListedEntry,
  type ParseAddress,
  type ParsedAddress,
  type Question,
} from '../../../mesh/lookup/index-entry.ts';
import { memberJson, membersJson, spellingOf } from '../../../mesh/lookup/index-key.ts';
import { type AddressKey, type AgentId, type EmailAddress, parseAgentId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { PendingClaim } from '../../registry/address-claims.ts';
import type { EmailIndex } from '../../registry/email-index.ts';
import type { HeldAddress } from '../../registry/held-address.ts';
import { answerBytes } from '../answer-signature.ts';
import { clientAddress } from '../client-address.ts';
import { joinInTurns } from '../long-list.ts';
import { resource } from '../methods.ts';
import { decodePercents, decodeQuery, readQuery } from '../query.ts';
import { rawHeader } from '../raw-headers.ts';

export interface EmailIndexServices {
  readonly index: EmailIndex;
  /** The claim of an address that this host has not done yet. */
  readonly pending: (key: AddressKey) => PendingClaim | undefined;
  readonly lookUp: LookUp;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
}

const FIELDS = ['address', 'agentId', 'federated'] as const;
const ADDRESS_ALONE = '?address=';
/** One header in a plain object: what Hono and its Node adapter pass on without building a `Headers`. */
const JSON_TYPE = { 'Content-Type': 'application/json' };
/** Written as text, at once. */
const FEW_ENTRIES_MAX = 1_000;
/** nginx's "client closed request": nobody reads it. */
const CLIENT_LEFT = 499;

type JsonText = string | Uint8Array<ArrayBuffer>;
/** Texts of answers that several clients share, by spelling; '' where that says nothing. */
type WrittenAnswers = WeakMap<LookUpAnswer, Map<string, Promise<JsonText>>>;

export function emailIndexRoutes(app: Hono, services: EmailIndexServices): void {
  const written: WrittenAnswers = new WeakMap();
  resource(app, EMAIL_INDEX_PATH, {
    GET: (c) => {
      const isPeer = isPeersQuestion(c);
      const hit = directHit(services.index, c.req.url);
      if (hit !== undefined) return answerMap(c, hit.mapJson, isPeer);
      const { address, agentId, federated } = readQuery(c.req.url, FIELDS);
      const asked: Asked = {
        addresses: address === undefined ? undefined : readings(address, services.parseAddress),
        agentId: agentId === undefined ? undefined : decodeQuery(agentId),
      };
      if (federated === 'true' && !isPeer) return answerFederated(c, services, asked, written);
      if (asked.addresses === undefined && asked.agentId === undefined) return answerWholeIndex(c, services);
      const map = localMap(services.index, asked, isPeer);
      const isNothing = map === '{}' && isPeer && !isSigned(c);
      return answerMap(c, isNothing ? pendingMap(services, asked) : map, isPeer);
    },
  });
}

/**
 * By far the commonest request has `?address=` alone, and the address as the index itself writes its main keys: then there is
 * nothing to parse, for a key names itself. Everything else, a miss included, goes the long way.
 */
function directHit(index: EmailIndex, url: string): HeldAddress | undefined {
  const start = url.indexOf('?');
  if (!url.startsWith(ADDRESS_ALONE, start) || url.includes('&', start)) return undefined;
  const text = decodePercents(url.slice(start + ADDRESS_ALONE.length));
  const held = index.byAddress(text as AddressKey);
  return held?.mainKey === text ? held : undefined;
}

/** An address, and how it was spelled: it is answered under that. */
interface Reading extends ParsedAddress {
  readonly spelling: EmailAddress;
}

/** What the query asks for. An empty list of addresses: it names none that anybody could hold. */
interface Asked {
  readonly addresses: readonly Reading[] | undefined;
  readonly agentId: string | undefined;
}

/** A peer asks us on behalf of its own client; passing that on would make questions bounce. */
function isPeersQuestion(c: Context): boolean {
  const incoming = (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
  const sent = incoming ? rawHeader(incoming, 'x-federated-query') : c.req.header('x-federated-query');
  return sent?.toLowerCase() === 'true';
}

/** A peer that signs takes part in the claims, and learns there what is being claimed. */
function isSigned(c: Context): boolean {
  return c.req.header('signature-input') !== undefined;
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

/**
 * The addresses that a value can mean, the likelier first. In a query `+` is a space by the rules of forms, but gateways send the
 * `+` of `a+b@x.com` unencoded: so it is read as a plus first, and as a space (`+a@x.com` for ` a@x.com`) second.
 */
function readings(raw: string, parseAddress: ParseAddress): readonly Reading[] {
  const texts = raw.includes('+') ? [decodePercents(raw), decodeQuery(raw)] : [decodePercents(raw)];
  return texts.flatMap((text) => {
    const parsed = parseAddress(text);
    return parsed.valid ? [{ ...parsed, spelling: spellingOf(text, parsed) }] : [];
  });
}

/** The bare map. An unknown agent is 404 to a client; to a peer it is an empty map, so that it does not count us as failed. */
function localMap(index: EmailIndex, { addresses, agentId }: Asked, isPeer: boolean): string {
  const id = agentId === undefined ? undefined : parseAgentId(agentId);
  if (agentId !== undefined && (id === undefined || !index.hasAgent(id))) {
    if (isPeer) return '{}';
    const message = `This host has no agent '${agentId.slice(0, 200)}'; federated=true asks the other hosts too.`;
    throw new MeshError('not_found', message, { field: 'agentId' });
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

async function answerWholeIndex(c: Context, { index, clock }: EmailIndexServices): Promise<Response> {
  const { body, etag } = await index.prepare(clock);
  c.header('ETag', etag);
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  c.header('Content-Length', String(body.byteLength));
  return answerBytes(c, body);
}

/** `If-None-Match` (RFC 9110 §13.1.2): `*`, or a list in which one tag equals ours, weak or not. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

async function answerFederated(
  c: Context,
  { lookUp, clock }: EmailIndexServices,
  asked: Asked,
  written: WrittenAnswers,
): Promise<Response> {
  const agentId = asked.agentId === undefined ? undefined : parseAgentId(asked.agentId);
  const isAskable = (asked.agentId === undefined || agentId !== undefined) && asked.addresses?.length !== 0;
  // Nobody can hold what is no address, nor have what is no agent's id: this host knows that without asking.
  if (!isAskable) return c.body(`{"emails":{},"meta":${JSON.stringify(ALONE)}}`, 200, JSON_TYPE);
  const { signal } = c.req.raw;
  try {
    const ask = (question: Question) => lookUp(question, signal, clientAddress(c));
    const spelled = await askAll(ask, asked.addresses, agentId);
    return c.body(await federatedJson(written, spelled, clock), 200, JSON_TYPE);
  } catch (error) {
    if (!signal.aborted) throw error;
    return new Response(null, { status: CLIENT_LEFT });
  }
}

const ALONE = { federated: true, hostsQueried: 1, hostsSucceeded: 1, hostsFailed: [], queryTime: 0 };

/** An answer, and the spelling it is given under; absent: it is about more than one address. */
interface Spelled {
  readonly answer: LookUpAnswer;
  readonly spelling?: EmailAddress;
}

/** Asks for each reading at once, and takes the first that somebody holds. */
async function askAll(
  ask: (question: Question) => Promise<LookUpAnswer>,
  addresses: readonly Reading[] | undefined,
  agentId: AgentId | undefined,
): Promise<Spelled> {
  const rest = agentId === undefined ? {} : { agentId };
  if (addresses === undefined) return { answer: await ask(rest) };
  const asked = addresses.map(async ({ spelling, address, key }): Promise<Spelled> => {
    return { spelling, answer: await ask({ address: { address, key }, ...rest }) };
  });
  const answers = await Promise.all(asked);
  const first = answers.find(({ answer }) => answer.emails.size > 0) ?? answers[0];
  if (first === undefined) throw new Error('A question without an address is answered before it is asked.');
  return first;
}

function federatedJson(written: WrittenAnswers, { answer, spelling }: Spelled, clock: Clock): Promise<JsonText> {
  const texts = written.get(answer) ?? new Map<string, Promise<JsonText>>();
  written.set(answer, texts);
  const text = texts.get(spelling ?? '') ?? renderFederated(answer, spelling, clock);
  texts.set(spelling ?? '', text);
  return text;
}

/** Writes a long answer in turns, so that other requests have theirs in between. */
async function renderFederated(
  { emails, meta }: LookUpAnswer,
  spelling: EmailAddress | undefined,
  clock: Clock,
): Promise<JsonText> {
  const write = (listed: ListedEntry) =>
    spelling === undefined ? membersJson(listed, listed.entry) : memberJson(spelling, listed, listed.entry);
  const end = `},"meta":${JSON.stringify(meta)}}`;
  if (emails.size <= FEW_ENTRIES_MAX) return `{"emails":{${[...emails.values()].map(write).join(',')}${end}`;
  const members = await joinInTurns(emails.values(), clock, write);
  return Buffer.concat([Buffer.from('{"emails":{'), members, Buffer.from(end)]);
}
