// What hosts ask each other about claims. Whose words they are is proven both ways: a forged promise would break uniqueness.
import type { ClaimVoter } from '../../../mesh/claims/claim-voter.ts';
import { CLAIM_MESSAGES_PATH, CLAIM_QUESTIONS_PATH } from '../../../mesh/claims/peer-questions.ts';
import { CLAIM_VERSION } from '../../../mesh/state/messages.ts';
import { claimMessageSchema, questionSchema } from '../../../mesh/state/schemas.ts';
import { readUsualMessage } from '../../../mesh/state/usual-messages.ts';
import { type PeerRoute, readMessage } from '../peers/peer-message.ts';

export function claimRoutes(voter: ClaimVoter): readonly PeerRoute[] {
  return [
    {
      path: CLAIM_MESSAGES_PATH,
      answer: (message) =>
        voter.receive(message.from, readMessage(message, claimMessageSchema, CLAIM_VERSION, readUsualMessage)),
    },
    {
      path: CLAIM_QUESTIONS_PATH,
      answer: (message) => voter.receiveQuestion(message.from, readMessage(message, questionSchema, CLAIM_VERSION)),
    },
  ];
}
