// Secrets, and the headers that prove a delivery: Standard Webhooks 1.0.0 (`webhook-*`), and beside it the plain hexadecimal
// HMAC that receivers of the original check. A receiver's code is in README.md, "Attach a gateway, and verify a webhook".
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Random } from '../../../mesh/ports.ts';
import type { Told } from '../../changes/payload.ts';

/** Random octets of a secret that the node makes. */
const SECRET_MADE_BYTES = 32;
/** Secrets whose keys are kept ready in memory. */
export const SECRETS_PREPARED_MAX = 2_000;

const PREFIX = 'whsec_';
/** RFC 4648 base64 with its padding: what every verifier of Standard Webhooks decodes, and to the same octets. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/;
/** Base64 without the padding: some verifiers (JavaScript's) decode such a text, others refuse it. */
const BASE64_UNPADDED = /^(?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,3}$/;
/** Base64 as loosely as JavaScript's verifiers decode it. */
const BASE64_LOOSE = /^[A-Za-z0-9+/]{2,}={0,2}$/;

/** Whether somebody can verify with this secret: one that begins with `whsec_` must go on in base64. */
export function isVerifiable(secret: string): boolean {
  if (!secret.startsWith(PREFIX)) return true;
  const text = secret.slice(PREFIX.length);
  return BASE64.test(text) || BASE64_UNPADDED.test(text);
}

/** A secret of 32 unpredictable octets, as Standard Webhooks writes it: `whsec_<base64>`. */
export function makeSecret(random: Random): string {
  return PREFIX + Buffer.from(random.bytes(SECRET_MADE_BYTES)).toString('base64');
}

/**
 * The keys of the `v1` signatures, in the order they are sent. `whsec_<base64>` is its decoded octets; anything else its UTF-8
 * octets and, as far as a verifier decodes it as base64 too, the decoded ones: it may be read either way.
 */
export function signingKeys(secret: string): readonly Uint8Array[] {
  const isPrefixed = secret.startsWith(PREFIX);
  const text = isPrefixed ? secret.slice(PREFIX.length) : secret;
  const decoded = BASE64_LOOSE.test(text) ? [new Uint8Array(Buffer.from(text, 'base64'))] : [];
  if (!isPrefixed) return [utf8(secret), ...decoded];
  return BASE64.test(text) ? decoded : [...decoded, utf8(secret)];
}

export interface Attempt {
  /** The live secrets, the newest first. */
  readonly secrets: readonly [string, ...string[]];
  readonly subscriptionId: string;
  readonly told: Pick<Told, 'id' | 'event'>;
  readonly body: Uint8Array;
  /** Unix time of this attempt, in seconds: receivers refuse what is too old. */
  readonly timestampSeconds: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** Header names that stand beside those of Standard Webhooks: AgentMail's, or the original's. */
  readonly format?: 'agentmail' | undefined;
}

/** Every header of one attempt that depends on it. `webhook-id` is the same on each attempt, the signature is not. */
export function signedHeaders(attempt: Attempt, keys: PreparedKeys): Record<string, string> {
  const { secrets, told, body, timestampSeconds } = attempt;
  const prefix = `${told.id}.${timestampSeconds}.`;
  const signatures = secrets
    .flatMap((secret) => keys.of(secret).signing)
    .map((key) => `v1,${createHmac('sha256', key).update(prefix).update(body).digest('base64')}`);
  const standard = { id: told.id, timestamp: String(timestampSeconds), signature: signatures.join(' ') };
  const common = {
    'content-type': 'application/json',
    'user-agent': 'agent-email-mesh-webhooks/1',
    ...named('webhook', standard),
  };
  if (attempt.format === 'agentmail') return { ...common, ...named('svix', standard) };
  const plain = createHmac('sha256', keys.of(secrets[0]).plain).update(body).digest('hex');
  return {
    ...common,
    'X-Webhook-Signature': plain,
    'X-Hub-Signature-256': `sha256=${plain}`,
    'X-Webhook-Event': told.event,
    'X-Webhook-Id': attempt.subscriptionId,
    'X-Webhook-Attempt': String(attempt.attempt),
  };
}

function named(prefix: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [`${prefix}-${name}`, value]));
}

interface SecretKeys {
  readonly signing: readonly KeyObject[];
  readonly plain: KeyObject;
}

/** The keys of the secrets that were signed with last: to make one ready takes five times as long as a signature. */
export class PreparedKeys {
  readonly #prepared = new Map<string, SecretKeys>();

  of(secret: string): SecretKeys {
    const known = this.#prepared.get(secret);
    if (known !== undefined) return known;
    const keys = {
      signing: signingKeys(secret).map((key) => createSecretKey(key)),
      plain: createSecretKey(utf8(secret)),
    };
    if (this.#prepared.size >= SECRETS_PREPARED_MAX) this.#prepared.clear();
    this.#prepared.set(secret, keys);
    return keys;
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
