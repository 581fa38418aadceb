// Signs what this node answers to other hosts: the answer to a request that it verified, bound to that request; the refusal of one that it
// did not; its own introduction. A handler that says which octets its answer has spares them
// being read back out of the response; one whose octets it keeps says where their digest is kept.
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { contentDigest } from '../../../mesh/signature/digest.ts';
import type { Signer } from '../../../mesh/signature/ed25519.ts';
import { signHello } from '../../../mesh/signature/hello.ts';
import type { AcceptedRequest, OpenedRequest, ReceivedRequest } from '../../../mesh/signature/request.ts';
import { signRefusal, signResponse } from '../../../mesh/signature/response.ts';
import type { OutgoingStatement, ResponseHeaders } from '../../../mesh/signature/statement.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The answer that a handler made of prepared octets, which need not be read back out of it. */
    preparedAnswer?: { readonly response: Response; readonly digest: () => string };
  }
}

export interface AnswerSigner {
  readonly self: HostId;
  readonly signer: Signer;
  readonly clock: Clock;
}

export interface PreparedAnswer {
  /** JSON. It must never change afterwards. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The Content-Digest of `body`; asked for when the answer is signed. */
  readonly digest: () => string;
}

/** An answer of octets whose digest somebody keeps, so that a large one is computed once for many answers. */
export function answerPrepared(
  c: Context,
  { body, digest }: PreparedAnswer,
  status: ContentfulStatusCode = 200,
): Response {
  const response = c.body(body, status, { 'content-type': 'application/json' });
  c.set('preparedAnswer', { response, digest });
  return response;
}

/** An answer of these octets, JSON, which must never change afterwards. */
export function answerBytes(c: Context, body: Uint8Array<ArrayBuffer>, status?: ContentfulStatusCode): Response {
  return answerPrepared(c, { body, digest: () => contentDigest(body) }, status);
}

/** An answer of a value, which is written as JSON here. */
export function answerJson(c: Context, value: unknown, status?: ContentfulStatusCode): Response {
  return answerBytes(c, Buffer.from(JSON.stringify(value)), status);
}

/** Signs the answer to a verified request; the body is left as it is. */
export async function signAnswer(c: Context, request: AcceptedRequest, host: AnswerSigner): Promise<void> {
  const etag = c.res.headers.get('etag') ?? undefined;
  const statement = await statementOf(c, c.res, request.from, host);
  addFields(c.res, signResponse({ ...statement, request, etag }, host.signer));
}

/** Signs the refusal of a request that was not verified. */
export async function signRefused(
  c: Context,
  response: Response,
  request: OpenedRequest,
  host: AnswerSigner,
): Promise<void> {
  const statement = await statementOf(c, response, request.from, host);
  addFields(response, signRefusal({ ...statement, request }, host.signer));
}

/** Signs this host's introduction to `asker`. */
export async function signIntroduction(
  c: Context,
  response: Response,
  { asker, nonce }: { readonly asker: HostId; readonly nonce: string },
  host: AnswerSigner,
): Promise<void> {
  addFields(response, signHello({ ...(await statementOf(c, response, asker, host)), nonce }, host.signer));
}

async function statementOf(
  c: Context,
  response: Response,
  to: HostId,
  { self, clock }: AnswerSigner,
): Promise<OutgoingStatement> {
  const prepared = c.get('preparedAnswer');
  const isPrepared = prepared?.response === response;
  const digest = isPrepared ? prepared.digest() : contentDigest(new Uint8Array(await response.clone().arrayBuffer()));
  const createdSeconds = Math.floor(clock.wallMs() / 1_000);
  return { status: response.status, from: self, to, digest, createdSeconds };
}

function addFields(response: Response, fields: ResponseHeaders): void {
  for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
}

/** What the signature of a request is read from. */
export function receivedOf(c: Context): ReceivedRequest {
  const { url } = c.req.raw;
  return {
    method: c.req.method,
    target: url.slice(url.indexOf('/', url.indexOf('://') + 3)),
    field: (name) => c.req.header(name),
  };
}
