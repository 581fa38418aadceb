// A host's part in the claims of others: what the routes between hosts ask of it. Who asks was proved by the signature before.
import type { HostId } from '../names.ts';
import type { ClaimAnswer, ClaimMessage, ClaimQuestion, Reply } from '../state/messages.ts';

/** The host's part in the claims of others. */
export interface ClaimVoter {
  receive(from: HostId, message: ClaimMessage): Promise<ClaimAnswer>;
  receiveQuestion(from: HostId, question: ClaimQuestion): Promise<Reply>;
}
