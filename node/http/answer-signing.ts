// Signs an answer of this node, bound to the request it answers. A handler that says which octets its answer has spares them
// being read back out of the response; the digest of large prepared ones is computed once.
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import type { OpenedRequest, ReceivedRequest } from '../../mesh/signature/request.ts';
import { signResponse } from '../../mesh/signature/response.ts';

/** Shorter bodies are hashed faster than they are looked up. */
const DIGEST_KEPT_BYTES_MIN = 16 * 1_024;

const bodies = new WeakMap<Response, Uint8Array>();
const digests = new WeakMap<Uint8Array, string>();

export interface AnswerSigner {
  readonly self: HostId;
  readonly signer: Signer;
  readonly clock: Clock;
}

/** An answer of these octets, which must never change afterwards. Content type JSON unless `headers` says otherwise. */
export function answerBytes(
  c: Context,
  bytes: Uint8Array<ArrayBuffer>,
  status: ContentfulStatusCode = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const response = c.body(bytes, status, { 'content-type': 'application/json', ...headers });
  bodies.set(response, bytes);
  return response;
}

/** The same, from a value that is serialised here. */
export function answerJson(c: Context, value: unknown, status: ContentfulStatusCode = 200): Response {
  return answerBytes(c, Buffer.from(JSON.stringify(value)), status);
}

/** Adds the signature to the response's headers; the body is left as it is. */
export async function signAnswer(
  response: Response,
  opened: Pick<OpenedRequest, 'from' | 'signature'>,
  { self, signer, clock }: AnswerSigner,
): Promise<void> {
  const bytes = bodies.get(response) ?? new Uint8Array(await response.clone().arrayBuffer());
  const fields = signResponse(
    {
      status: response.status,
      from: self,
      to: opened.from,
      digest: digestOf(bytes),
      requestSignature: opened.signature,
      createdSeconds: Math.floor(clock.wallMs() / 1_000),
    },
    signer,
  );
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

function digestOf(bytes: Uint8Array): string {
  if (bytes.byteLength < DIGEST_KEPT_BYTES_MIN) return contentDigest(bytes);
  const kept = digests.get(bytes);
  if (kept !== undefined) return kept;
  const digest = contentDigest(bytes);
  digests.set(bytes, digest);
  return digest;
}
