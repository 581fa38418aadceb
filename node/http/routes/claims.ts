// What hosts ask each other about claims. Signed both ways: a forged promise would break uniqueness. Behind `peerAuth`.

import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import type { ClaimVoter } from '../../../mesh/claims/claim-voter.ts';
import { LastSaid } from '../../../mesh/claims/last-said.ts';
import { CLAIM_VERSION, type Question } from '../../../mesh/claims/messages.ts';
import { CLAIM_MESSAGES_PATH, CLAIM_QUESTIONS_PATH } from '../../../mesh/claims/peer-questions.ts';
import { claimMessageSchema, questionSchema } from '../../../mesh/claims/schemas.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { JSON_BOUNDS } from '../../../mesh/json/json-shape.ts';
import { answerJson } from '../answer-signature.ts';
import { parseJson, validate } from '../input.ts';
import { resource } from '../methods.ts';
import { peerBody, peerDigest, peerOf } from '../peer-auth.ts';

export function claimRoutes(app: Hono, voter: ClaimVoter): void {
  const asked = new LastSaid<Question>();
  resource(app, CLAIM_MESSAGES_PATH, {
    POST: async (c) => answerJson(c, await voter.receive(peerOf(c), readMessage(c, claimMessageSchema))),
  });
  resource(app, CLAIM_QUESTIONS_PATH, {
    POST: async (c) => {
      const from = peerOf(c);
      const question = asked.of(from, peerDigest(c), () => readMessage(c, questionSchema));
      return answerJson(c, await voter.receiveQuestion(from, question));
    },
  });
}

function readMessage<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const value = parseJson(Buffer.from(peerBody(c)).toString('utf8'), JSON_BOUNDS);
  const { version } = (value ?? {}) as { version?: unknown };
  if (version !== CLAIM_VERSION) {
    throw new MeshError(
      'unsupported_version',
      `This node speaks version ${CLAIM_VERSION} of these messages, not ${JSON.stringify(version)?.slice(0, 20)}.`,
      { field: 'version' },
    );
  }
  return validate(schema, value);
}
