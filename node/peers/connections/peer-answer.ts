// What a peer's answer says, once it is known whose answer it is; and why an answer is not believed.
import { MeshError } from '../../../mesh/errors.ts';
import { JsonFault, parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import { readMembers } from '../../../mesh/json/json-members.ts';
import { INDEX_ENTRIES_MAX, LOOKUP_ANSWER_BYTES_MAX, PEER_BODY_BYTES_MAX } from '../../../mesh/limits.ts';
import type { Clock, PeerAnswer, PeerRequest } from '../../../mesh/ports.ts';
import type { WireAnswer } from './peer-exchange.ts';

/** 408 Request Timeout (RFC 9110 section 15.5.9), 429 Too Many Requests (RFC 6585 section 4). */
const NO_TIME: readonly number[] = [408, 429];

/** The peer is there, and it is the right peer, but it did not take the question for ours: what it says is no answer. */
export function refused({ status, body }: WireAnswer): MeshError {
  if (NO_TIME.includes(status)) return busy();
  const said = saidIn(body);
  const code = said.reason === 'clock_skew' ? 'clock_skew' : 'peer_refused';
  return new MeshError(code, `It refused the question (${status}).${quoteOf(said)}`, {
    extra: typeof said.reason === 'string' ? { reason: said.reason } : {},
  });
}

/** A host with too much to do refuses before it looks who asks: nothing is believed of it but that it has no time. */
function busy(): MeshError {
  return new MeshError('overloaded', 'It is busy.');
}

/** What an unsigned answer says is not believed. A refusal in it helps the operator who reads the log. */
export function unsigned(answer: WireAnswer): MeshError {
  if (NO_TIME.includes(answer.status)) return busy();
  const quote = quoteOf(saidIn(answer.body));
  const advice =
    answer.status === 401 ? ' If it runs another version of this program, bring the older one up to date.' : '';
  return new MeshError('peer_untrusted', `It answered ${answer.status} without a signature.${advice}${quote}`, {
    extra: { reason: 'missing' },
  });
}

/** What an answer that is not believed says of itself; nothing, when the answer is too large for a sentence. */
function saidIn(body: Uint8Array): { readonly message?: unknown; readonly reason?: unknown } {
  return body.byteLength > LOOKUP_ANSWER_BYTES_MAX ? {} : (parse(body) ?? {});
}

function quoteOf({ message }: { readonly message?: unknown }): string {
  return typeof message === 'string' ? ` It says: "${message.slice(0, 200)}"` : '';
}

/** An answer that may be larger than a message is an index, and an index is read in turns. */
export async function readAnswer(
  { body, status }: Pick<WireAnswer, 'body' | 'status'>,
  { answerBytesMax }: PeerRequest,
  clock: Clock,
): Promise<Pick<PeerAnswer, 'body' | 'members'>> {
  if (answerBytesMax <= PEER_BODY_BYTES_MAX) return { body: parse(body) };
  if (status !== 200) return { body: saidIn(body) };
  return { body: undefined, members: await readMembers(body, INDEX_ENTRIES_MAX, clock) };
}

function parse(body: Uint8Array): unknown {
  if (body.byteLength === 0) return undefined;
  try {
    return parseForeignJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    const what = cause instanceof JsonFault && cause.isRefusal ? cause.message : 'is not JSON';
    throw new MeshError('peer_unintelligible', `Its answer ${what}.`, { cause });
  }
}
