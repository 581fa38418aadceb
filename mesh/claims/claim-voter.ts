// A host's part in the claims of others: what the routes between hosts ask of it. Who asks was proved by the signature before.
import type { z } from 'zod';
import type { HostId } from '../names.ts';
import type { ClaimAnswer, ClaimQuestion, Reply } from '../state/messages.ts';
import type { claimMessageSchema } from '../state/schemas.ts';

/** The host's part in the claims of others. */
export interface ClaimVoter {
  receive(from: HostId, message: z.output<typeof claimMessageSchema>): Promise<ClaimAnswer>;
  receiveQuestion(from: HostId, question: ClaimQuestion): Promise<Reply>;
}
