// What hosts ask each other about claims. Signed both ways: a forged promise would break uniqueness. Behind `peerAuth`.
import type { Context, Hono } from 'hono';
import type { z } from 'zod';
import { type ClaimAnswer, claimMessageSchema, type Greeting, greetingSchema } from '../../../mesh/claims/messages.ts';
import { CLAIM_GREETINGS_PATH, CLAIM_MESSAGES_PATH } from '../../../mesh/claims/quorum.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import { answerJson } from '../answer-signing.ts';
import { parseJson, validate } from '../input.ts';
import { resource } from '../methods.ts';
import { peerBody, peerOf } from '../peer-auth.ts';

/** The host's part in the claims of others. */
export interface ClaimVoter {
  receive(from: HostId, message: z.output<typeof claimMessageSchema>): Promise<ClaimAnswer>;
  receiveGreeting(from: HostId, greeting: Greeting): Promise<Greeting>;
}

const MISMATCH = 'The hosts do not count by the same voters. Make the voters in hosts.json the same on every host.';

export function claimRoutes(app: Hono, voter: ClaimVoter): void {
  resource(app, CLAIM_MESSAGES_PATH, {
    POST: async (c) => {
      const answer = await voter.receive(peerOf(c), readMessage(c, claimMessageSchema));
      if (answer.kind === 'items') return answerJson(c, answer);
      return answerJson(c, { error: 'membership_mismatch', message: MISMATCH, ...answer }, 409);
    },
  });
  resource(app, CLAIM_GREETINGS_PATH, {
    POST: async (c) => answerJson(c, await voter.receiveGreeting(peerOf(c), readMessage(c, greetingSchema))),
  });
}

function readMessage<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const value = parseJson(Buffer.from(peerBody(c)).toString('utf8'));
  const { version } = (value ?? {}) as { version?: unknown };
  if (version !== 1) {
    throw new MeshError(
      'unsupported_version',
      `This node speaks version 1 of these messages, not ${JSON.stringify(version)?.slice(0, 20)}.`,
      { field: 'version' },
    );
  }
  return validate(schema, value);
}
