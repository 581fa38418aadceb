// The answer to a question to the whole mesh (specification, "Federated Lookup"): asked for each reading of an address, and written once for all
// who share it.
import type { Context } from 'hono';
import type { LookUpAnswer } from '../../../mesh/lookup/fan-out.ts';
import type { ListedEntry, Question } from '../../../mesh/lookup/index-entry.ts';
import { memberJson, membersJson } from '../../../mesh/lookup/index-key.ts';
import type { LookUps } from '../../../mesh/lookup/look-ups.ts';
import { type AgentId, type EmailAddress, parseAgentId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { clientAddress } from '../client-address.ts';
import { joinInTurns } from '../streams/long-list.ts';
import type { Asked, Reading } from './index-question.ts';

export interface FederatedServices {
  /** The ways to ask the mesh. */
  readonly lookUps: LookUps;
  readonly clock: Clock;
}

/** One header in a plain object: what Hono and its Node adapter pass on without building a `Headers`. */
export const JSON_TYPE = { 'Content-Type': 'application/json' };
/** Written as text, at once. */
const FEW_ENTRIES_MAX = 1_000;
/** nginx's "client closed request": nobody reads it. */
const CLIENT_LEFT = 499;

type JsonText = string | Uint8Array<ArrayBuffer>;
/** Texts of answers that several clients share, by spelling; '' where that says nothing. */
export type WrittenAnswers = WeakMap<LookUpAnswer, Map<string, Promise<JsonText>>>;

/** Asks the mesh, in the way that the question says; 499 when the client has left. Rejects as the look-up does. */
export function answerFederated(
  c: Context,
  services: FederatedServices,
  asked: Asked,
  written: WrittenAnswers,
): Response | Promise<Response> {
  const agentId = asked.agentId === undefined ? undefined : parseAgentId(asked.agentId);
  const isAskable = (asked.agentId === undefined || agentId !== undefined) && asked.addresses?.length !== 0;
  // Nobody can hold what is no address, nor have what is no agent's id: this host knows that without asking.
  if (!isAskable) return c.body(`{"emails":{},"meta":${JSON.stringify(ALONE)}}`, 200, JSON_TYPE);
  const known = asked.mode === 'index' ? knownJson(services.lookUps, asked.addresses, agentId) : undefined;
  return known === undefined ? askMesh(c, services, { asked, agentId, written }) : c.body(known, 200, JSON_TYPE);
}

/** What the copy knows of the first reading that somebody holds, without waiting for anything; `undefined`: everything is asked about. */
function knownJson(
  { known }: LookUps,
  addresses: readonly Reading[] | undefined,
  agentId: AgentId | undefined,
): string | undefined {
  const rest = agentId === undefined ? {} : { agentId };
  if (addresses === undefined) return agentId === undefined ? undefined : shortJson(known(rest), undefined);
  const answers = addresses.map(({ spelling, address, key }) => {
    return { spelling, answer: known({ address: { address, key }, ...rest }) };
  });
  const first = answers.find(({ answer }) => answer.emails.size > 0) ?? answers[0];
  return first && shortJson(first.answer, first.spelling);
}

interface MeshQuestion {
  readonly asked: Asked;
  readonly agentId: AgentId | undefined;
  readonly written: WrittenAnswers;
}

async function askMesh(
  c: Context,
  { lookUps, clock }: FederatedServices,
  { asked, agentId, written }: MeshQuestion,
): Promise<Response> {
  const { signal } = c.req.raw;
  try {
    const ask = (question: Question) => lookUps[asked.mode ?? 'everybody'](question, signal, clientAddress(c));
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
  if (emails.size <= FEW_ENTRIES_MAX) return shortJson({ emails, meta }, spelling);
  const members = await joinInTurns(emails.values(), clock, (listed) => memberOf(listed, spelling));
  return Buffer.concat([Buffer.from('{"emails":{'), members, Buffer.from(`},"meta":${JSON.stringify(meta)}}`)]);
}

function shortJson({ emails, meta }: LookUpAnswer, spelling: EmailAddress | undefined): string {
  const members = Array.from(emails.values(), (listed) => memberOf(listed, spelling)).join(',');
  return `{"emails":{${members}},"meta":${JSON.stringify(meta)}}`;
}

function memberOf(listed: ListedEntry, spelling: EmailAddress | undefined): string {
  return spelling === undefined ? membersJson(listed, listed.entry) : memberJson(spelling, listed, listed.entry);
}
