// What comes of asking a peer for its key, as a value: a key, or why there is none. Whether an introduction may be believed is judged
// here; asking is for hello-question.ts, and remembering for peer-keys.ts.
import { MeshError } from '../../../mesh/errors.ts';
import type { Host } from '../../../mesh/roster.ts';
import { type PublicKey, parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import type { Introduction, LegacyPeer } from './hello-question.ts';
import { type BelieveLegacy, isTrustedNetwork } from './trusted-network.ts';

/** `why`: a sentence for the operator. */
export type Learned =
  | { readonly kind: 'known'; readonly key: PublicKey }
  /** The peer knows no hello, and may be taken for one that serves only the look-up. `address`: where it was heard, as sockets name it. */
  | { readonly kind: 'legacy'; readonly address: string; readonly why: string }
  /** Somebody answers, and may not be believed. `seenKey`: base64url of the key that was announced. */
  | {
      readonly kind: 'untrusted';
      readonly code: UntrustedCode;
      readonly why: string;
      readonly seenKey?: string;
    }
  /** `isBusy`: it said that it has no time, and is not asked again soon. */
  | { readonly kind: 'silent'; readonly why: string; readonly isBusy?: true };

export type Unlearned = Exclude<Learned, { readonly kind: 'known' }>;
export type Unheard = Exclude<Unlearned, { readonly kind: 'legacy' }>;

const UNTRUSTED = ['peer_untrusted', 'peer_unintelligible', 'clock_skew'] as const;
type UntrustedCode = (typeof UNTRUSTED)[number];

export interface Belief {
  /** Whether the operators share a secret: then only a peer that proves to know it may introduce itself. */
  readonly hasSecret: boolean;
  readonly believesLegacy: BelieveLegacy;
}

/** Why an introduction is not believed; `undefined` when it is, and has only to be made durable. */
export function judgeIntroduction(host: Host, answer: Introduction, belief: Belief): Unheard | undefined {
  const why = unbelievable(host, answer, belief);
  return why === undefined ? undefined : { kind: 'untrusted', code: 'peer_untrusted', why, seenKey: answer.key.text };
}

/** Whether a host without a hello may be taken for one that serves only the look-up. */
export function judgeLegacy(host: Host, { address }: LegacyPeer, { hasSecret, believesLegacy }: Belief): Unlearned {
  const says = `Host '${host.id}' at ${host.url} knows no hello (404), and answers look-ups, unsigned`;
  if (host.legacy === true)
    return { kind: 'legacy', address, why: `${says}, as one that serves only those: so hosts.json says of it.` };
  if (believesLegacy(address)) {
    const why = `${says}, as one that serves only those. If it is one, say "legacy": true in its entry of hosts.json, on every host; if not, somebody else answers there.`;
    return { kind: 'legacy', address, why };
  }
  const doubt = hasSecret
    ? 'a host that does not prove to know the secret has no say in who votes'
    : `it does so from ${address || 'more than one address'}, which is no private address`;
  const why = `${says}, which anybody could say for it: ${doubt}. If it serves only the look-up, say "legacy": true in its entry of hosts.json, on every host; if not, somebody else answers there.`;
  return { kind: 'untrusted', code: 'peer_untrusted', why };
}

/** What a hello that failed says of the host. Rethrows what is no word, or silence, of the peer. */
export function unheard(error: unknown): Unheard {
  if (!(error instanceof MeshError)) throw error;
  if (error.code === 'peer_silent') return { kind: 'silent', why: error.message };
  if (error.code === 'overloaded') return { kind: 'silent', why: error.message, isBusy: true };
  const code = UNTRUSTED.find((known) => known === error.code);
  if (code === undefined) throw error;
  return { kind: 'untrusted', code, why: error.message };
}

/** Why the introduction is not believed, a sentence; `undefined` when it is. */
function unbelievable(host: Host, { address, proven, key }: Introduction, { hasSecret }: Belief): string | undefined {
  if (host.publicKey !== undefined) {
    if (parsePublicKey(host.publicKey)?.text === key.text) return undefined;
    return `Host '${host.id}' speaks with another key than the "publicKey" that hosts.json gives it.`;
  }
  if (hasSecret ? proven : isTrustedNetwork(address)) return undefined;
  const told = `Put its key into hosts.json as "publicKey"`;
  return hasSecret
    ? `Host '${host.id}' did not prove to know the mesh's secret. Give it the same MESH_SECRET. Or: ${told}.`
    : `Host '${host.id}' answers from ${address}, which is no private address, so its key is not believed unseen. ${told}, or set MESH_SECRET on both hosts.`;
}
