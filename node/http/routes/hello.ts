// GET /api/mesh/v1/hello: this host's key, for hosts that do not know it yet. Anybody may ask and all get the same answer, listed or not.
// To be mounted in front of peerAuth, which needs the key that is told here. What the asker signed is not looked at: its key need not be
// known, and a signature that covers what nobody verified could be turned into the answer to something else.
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { type HostId, parseHostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Roster } from '../../../mesh/roster.ts';
import type { Signer } from '../../../mesh/signature/ed25519.ts';
import { HELLO_PATH, HELLO_VERSION, type HelloAnswer, helloQuery, proofFits, proofOf } from '../../peers/keys/hello.ts';
import { validate } from '../input.ts';
import { resource } from '../methods.ts';
import { answerJson, signIntroduction } from '../peers/answer-signature.ts';
import { decodeQuery, readQuery } from '../query.ts';

export interface HelloOptions {
  readonly roster: () => Roster;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Name and version, e.g. `agent-email-mesh/0.1.0`. */
  readonly software: string;
  /** Shared by the operators of all hosts: an asker that proves to know it gets a proof in return. */
  readonly secret?: string | undefined;
}

export function helloRoutes(app: Hono, options: HelloOptions): void {
  const { roster, signer, clock, software, secret } = options;
  resource(app, HELLO_PATH, {
    GET: async (c) => {
      const { from: asker, nonce, proof } = helloOf(c);
      const { self } = roster();
      const { publicKey } = signer;
      const introduction = { version: HELLO_VERSION, host: { id: self.id, name: self.name }, publicKey, software };
      // A person asks without a nonce.
      if (nonce === undefined) return answerJson(c, introduction);
      const answer: HelloAnswer = { ...introduction, asker, nonce };
      const terms = { asker, answerer: self.id, nonce };
      if (secret !== undefined && proofFits(proof, secret, terms))
        answer.proof = proofOf(secret, { ...terms, publicKey });
      const response = answerJson(c, answer);
      await signIntroduction(c, response, { asker, nonce }, { self: self.id, signer, clock });
      return response;
    },
  });
}

function helloOf(c: Context): { from: HostId; nonce?: string | undefined; proof?: string | undefined } {
  const sent = Object.entries(readQuery(c.req.url, ['from', 'nonce', 'proof']));
  const { from, ...rest } = validate(
    helloQuery,
    Object.fromEntries(sent.map(([name, value]) => [name, decodeQuery(value ?? '')])),
  );
  const id = parseHostId(from);
  if (id === undefined) throw new MeshError('invalid_request', "'from' is not a host id.", { field: 'from' });
  return { from: id, ...rest };
}
