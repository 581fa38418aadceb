// How hosts speak about claims: two paths, each with its lane and its deadline, and the form of each answer. Signed both ways, for a forged
// promise would break uniqueness.
import { PEER_BODY_BYTES_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { ATTEMPT_MS_MAX } from '../operations/attempts.ts';
import { GREETING_LATE_MS_MAX } from '../peer-silence.ts';
import type { PeerAnswer, PeerRequest, PeerTransport } from '../ports.ts';
import type { ClaimAnswer, ClaimMessage, ClaimQuestion, Reply } from '../state/messages.ts';
import { claimAnswerSchema, replySchemas } from '../state/schemas.ts';
import { readUsualAnswer } from '../state/usual-messages.ts';
import { peerRefusal } from './peer-refusal.ts';

export const CLAIM_MESSAGES_PATH = '/api/mesh/v1/claims/messages';
export const CLAIM_QUESTIONS_PATH = '/api/mesh/v1/claims/questions';

/** Rejects with a `MeshError` as `PeerTransport.ask`, or when the host refuses; with another error when its answer has no known form. */
export async function sendMessage(transport: PeerTransport, to: HostId, body: ClaimMessage): Promise<ClaimAnswer> {
  // No attempt waits longer for its answers.
  const place = { lane: 'claims', path: CLAIM_MESSAGES_PATH, answerMsMax: ATTEMPT_MS_MAX } as const;
  const answer = await post(transport, { to, body, ...place });
  return readUsualAnswer(answer.body) ?? claimAnswerSchema.parse(answer.body);
}

/** Asks about membership; where the other host is busy its answer may come late, as that to a greeting. Rejects as `sendMessage`. */
export async function askQuestion(transport: PeerTransport, to: HostId, body: ClaimQuestion): Promise<Reply> {
  const place = { lane: 'greetings', path: CLAIM_QUESTIONS_PATH, answerMsMax: GREETING_LATE_MS_MAX } as const;
  return replySchemas[body.about].parse((await post(transport, { to, body, ...place })).body);
}

async function post(
  transport: PeerTransport,
  question: Pick<PeerRequest, 'to' | 'lane' | 'path' | 'body' | 'answerMsMax'>,
): Promise<PeerAnswer> {
  const bounds = { answerBytesMax: PEER_BODY_BYTES_MAX, answerSignature: 'required' } as const;
  const answer = await transport.ask({ method: 'POST', ...question, ...bounds });
  if (answer.status === 200) return answer;
  throw peerRefusal(question.to, answer);
}
