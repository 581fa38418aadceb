// What hosts ask each other about claims. Signed both ways: a forged promise would break uniqueness. Behind `peerAuth`.

import type { Hono } from 'hono';
import type { ClaimVoter } from '../../../mesh/claims/claim-voter.ts';
import { CLAIM_MESSAGES_PATH, CLAIM_QUESTIONS_PATH } from '../../../mesh/claims/peer-questions.ts';
import { CLAIM_VERSION } from '../../../mesh/state/messages.ts';
import { claimMessageSchema, questionSchema } from '../../../mesh/state/schemas.ts';
import { answerJson } from '../answer-signature.ts';
import { resource } from '../methods.ts';
import { peerOf } from '../peer-auth.ts';
import { readMessage } from '../peer-message.ts';

export function claimRoutes(app: Hono, voter: ClaimVoter): void {
  resource(app, CLAIM_MESSAGES_PATH, {
    POST: async (c) => answerJson(c, await voter.receive(peerOf(c), readMessage(c, claimMessageSchema, CLAIM_VERSION))),
  });
  resource(app, CLAIM_QUESTIONS_PATH, {
    POST: async (c) =>
      answerJson(c, await voter.receiveQuestion(peerOf(c), readMessage(c, questionSchema, CLAIM_VERSION))),
  });
}
