// GET /api/mesh/v1/hello: this host's key, for hosts that do not know it yet. Anybody may ask and all get the same answer,
// listed or not. To be mounted in front of peerAuth, which needs the key that is told here.
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import type { Roster } from '../../../mesh/hosts.ts';
import { type HostId, parseHostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Signer } from '../../../mesh/signature/ed25519.ts';
import { type OpenedRequest, openRequest } from '../../../mesh/signature/request.ts';
import { HELLO_PATH, HELLO_VERSION, type HelloAnswer, helloQuery, proofFits, proofOf } from '../../peers/hello.ts';
import { answerJson, receivedOf, signAnswer } from '../answer-signing.ts';
import { answerError } from '../errors.ts';
import { validate } from '../input.ts';
import { resource } from '../methods.ts';
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
  resource(app, HELLO_PATH, {
    GET: async (c) => {
      const response = answerOrRefuse(c, options);
      const opened = openIfSigned(c);
      const { roster, signer, clock } = options;
      if (opened !== undefined) await signAnswer(response, opened, { self: roster().self.id, signer, clock });
      return response;
    },
  });
}

function answerOrRefuse(c: Context, { roster, signer, software, secret }: HelloOptions): Response {
  try {
    const { from, nonce, proof } = helloOf(c);
    const { self } = roster();
    const answer: HelloAnswer = {
      version: HELLO_VERSION,
      host: { id: self.id, name: self.name },
      publicKey: signer.publicKey,
      software,
    };
    if (nonce === undefined) return answerJson(c, answer);
    answer.nonce = nonce;
    const terms = { asker: from, answerer: self.id, nonce };
    if (secret !== undefined && proofFits(proof, secret, terms)) {
      answer.proof = proofOf(secret, { ...terms, publicKey: signer.publicKey });
    }
    return answerJson(c, answer);
  } catch (error) {
    if (error instanceof MeshError) return answerError(c, error);
    throw error;
  }
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

/**
 * The signature to bind the answer to. It is not verified: the asker's key need not be known, and whoever forges it only gets
 * our name under our own key. A person who asks without a signature gets the answer without one.
 */
function openIfSigned(c: Context): OpenedRequest | undefined {
  try {
    return openRequest(receivedOf(c));
  } catch (error) {
    if (error instanceof MeshError) return undefined;
    throw error;
  }
}
