// What one peer answers to the federated question: its answer is bounded, read in turns and filtered to what was asked, and a peer that is
// busy is asked again as long as there is time. A peer that only serves the look-up is asked in every spelling it may know.
// It does not end by itself: whoever asks hands in the signal that does.
import { type ErrorCode, MeshError } from '../errors.ts';
import { ANSWER_MS_MAX, INDEX_ANSWER_BYTES_MAX, LOOKUP_ANSWER_BYTES_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import type { Clock, JsonMember, PeerAnswer, PeerRequest, PeerTransport } from '../ports.ts';
import type { Host } from '../roster.ts';
import { inTurns } from '../time/turns.ts';
import {
  type ListedEntry,
  membersOf,
  type ParseAddress,
  type Question,
  questionPath,
  readIndexEntry,
  spellingsOf,
} from './index-entry.ts';

/** One peer's answer about one address or one agent: ten addresses with all their metadata, each in two spellings. */
export const LOOKUP_ENTRIES_MAX = 100;
/** A peer that says that it is busy (429, 503) is asked again after this long, while there is time. */
export const BUSY_AGAIN_MS = 100;

export interface PeerIndexPorts {
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly parseAddress: ParseAddress;
  /** Peers that take no part in the claims: what one of the others owns is not theirs. */
  readonly isLegacy: (id: HostId) => boolean;
}

/** What became of one peer: why it has no answer, or its entries and how many more were refused. */
export type Heard =
  | { readonly failure: ErrorCode }
  | { readonly entries: readonly ListedEntry[]; readonly dropped: number };

/** The room that the entries of all peers share. A peer whose entries find no room left counts as failed. */
export interface Budget {
  entries: number;
}

/**
 * Asks one peer, each spelling of the address at once where the peer may compare texts. `signal` gives all of them up. Never rejects: a
 * peer's failure is a result, whatever the transport threw.
 */
export async function askPeer(
  ports: PeerIndexPorts,
  peer: Host,
  question: Question,
  budget: Budget,
  signal: AbortSignal,
): Promise<Heard> {
  const { address } = question;
  // Such a peer may compare texts, and may hold the address in another spelling.
  const spellings = address !== undefined && ports.isLegacy(peer.id) ? spellingsOf(address) : [address];
  const questions = spellings.map((one) => (one === undefined ? question : { ...question, address: one }));
  const outcomes = await Promise.all(questions.map((one) => askSpelling(ports, peer, one, budget, signal)));
  return outcomes.reduce((one, other) => {
    if ('failure' in one || 'failure' in other) return 'failure' in one ? one : other;
    return { entries: [...one.entries, ...other.entries], dropped: one.dropped + other.dropped };
  });
}

async function askSpelling(
  ports: PeerIndexPorts,
  peer: Host,
  question: Question,
  budget: Budget,
  signal: AbortSignal,
): Promise<Heard> {
  let answer: PeerAnswer | 'busy';
  try {
    answer = await askUntilFree(ports, peer, question, signal);
  } catch (error) {
    return { failure: error instanceof MeshError ? error.code : 'internal_error' };
  }
  if (signal.aborted) return { failure: 'peer_silent' };
  if (answer === 'busy') return { failure: 'overloaded' };
  // A host of AI Maestro says 404 for an agent that it does not have, which is an answer.
  if (answer.status === 404 && question.agentId !== undefined) return { entries: [], dropped: 0 };
  const members = membersOf(answer);
  if (answer.status !== 200 || members === undefined) return { failure: 'peer_unintelligible' };
  if (isNarrow(question) && members.length > LOOKUP_ENTRIES_MAX) return { failure: 'peer_unintelligible' };
  budget.entries -= members.length;
  if (budget.entries < 0) return { failure: 'overloaded' };
  return readAnswer(ports, peer, question, members);
}

/** A peer that is busy, perhaps with our own questions, has not failed yet. */
async function askUntilFree(
  ports: PeerIndexPorts,
  peer: Host,
  question: Question,
  signal: AbortSignal,
): Promise<PeerAnswer | 'busy'> {
  for (;;) {
    const answer = await askOnce(
      ports,
      {
        to: peer.id,
        lane: isNarrow(question) ? 'look-ups' : 'indexes',
        method: 'GET',
        path: questionPath(question),
        // A host that sees this header answers from its own registry alone, so questions never go round in circles.
        headers: { 'X-Federated-Query': 'true' },
        answerMsMax: ANSWER_MS_MAX,
        answerBytesMax: isNarrow(question) ? LOOKUP_ANSWER_BYTES_MAX : INDEX_ANSWER_BYTES_MAX,
        answerSignature: 'known-key',
      },
      signal,
    );
    if (answer !== 'busy' || signal.aborted) return answer;
    await ports.clock.sleep(BUSY_AGAIN_MS, signal);
  }
}

async function askOnce(
  { transport }: PeerIndexPorts,
  request: PeerRequest,
  signal: AbortSignal,
): Promise<PeerAnswer | 'busy'> {
  try {
    const answer = await transport.ask(request, signal);
    return isBusy(answer) ? 'busy' : answer;
  } catch (error) {
    if (error instanceof MeshError && error.code === 'overloaded') return 'busy';
    throw error;
  }
}

function isBusy({ status }: PeerAnswer): boolean {
  return status === 429 || status === 503;
}

async function readAnswer(
  ports: PeerIndexPorts,
  from: Host,
  question: Question,
  members: readonly JsonMember[],
): Promise<Heard> {
  const door = { from, question, parseAddress: ports.parseAddress };
  const entries: ListedEntry[] = [];
  let dropped = 0;
  await inTurns(members, ports.clock, ([text, value]) => {
    const listed = readIndexEntry(text, value, door);
    if (listed === undefined) dropped += 1;
    else entries.push(listed);
  });
  return { entries, dropped };
}

/** Whether only one address or one agent is asked about, and so only a few entries can come. */
export function isNarrow(question: Question): boolean {
  return question.address !== undefined || question.agentId !== undefined;
}
