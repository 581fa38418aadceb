// Which key a peer speaks with, and why we believe it: told in hosts.json, else pinned, else learned by asking the peer
// ourselves at the URL we know. A key is durable before it is trusted. A changed one is refused and shown; it is adopted only from
// a peer that proves to know the secret of the mesh, with that very key: then it has lost its disk, and comes back by itself.
import { MeshError } from '../../mesh/errors.ts';
import { type HostId, parseHostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Host } from '../../mesh/roster.ts';
import { type PublicKey, parsePublicKey } from '../../mesh/signature/ed25519.ts';
import { untilAborted } from '../../mesh/time/deadline.ts';
import type { Log } from '../log.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import type { Greeter, Introduction, LegacyPeer } from './greeter.ts';
import { HELLO_AFTER_REFUSAL_MS, HELLO_AFTER_SILENCE_MS, HELLO_AFTER_SUSPICION_MS } from './limits.ts';
import { type BelieveLegacy, isTrustedNetwork } from './trusted-network.ts';

/**
 * `configured`: told in hosts.json. `pinned`: learned and stored. `changed`: it was last seen with `seenKey`, which is not the
 * key known here. `untrusted`: it answers, but its key may not be believed (`why`). `unknown`: not heard of yet.
 */
export interface PeerKeyStatus {
  readonly state: 'configured' | 'pinned' | 'changed' | 'untrusted' | 'unknown';
  /** Base64url of the key that its signatures must fit. */
  readonly publicKey?: string;
  /** Base64url of the key that it announced. */
  readonly seenKey?: string;
  readonly why?: string;
}

export interface PeerKeys {
  /** The key known of a listed peer, at once. */
  known(id: HostId): PublicKey | undefined;
  /** The key known, or learned now; callers at the same moment share one hello. Rejects with `peer_untrusted`, `peer_silent` or `peer_unintelligible`. */
  learn(id: HostId, signal?: AbortSignal): Promise<PublicKey>;
  /** A signature of this peer fitted: whatever was suspected is over. */
  confirm(id: HostId): void;
  /** A signature of this peer did not fit: look in the background whether its key changed. */
  suspect(id: HostId): void;
  status(id: HostId): PeerKeyStatus;
  /** Whether an unsigned answer of this peer counts as long as no key of it is known. */
  takesUnsigned(id: HostId): boolean;
  /**
   * Greets a peer that hosts.json declares legacy though a key of it is known: its key is dropped when it speaks without one now. Rejects
   * as `learn` does.
   */
  recheck(id: HostId, signal: AbortSignal): Promise<void>;
  /** Drops what was pinned, so that the peer may introduce itself anew; for an operator who knows that its key was replaced. */
  forget(id: HostId): Promise<void>;
}

export interface PeerKeysOptions {
  /** Where a host is, and which key it was given there. */
  readonly hostOf: (id: HostId) => Host | undefined;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly greeter: Greeter;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the operators share a secret: then only a peer that proves to know it may introduce itself. */
  readonly hasSecret: boolean;
  readonly believesLegacy: BelieveLegacy;
}

const PIN_PREFIX = 'pin/';

interface Failure {
  readonly error: MeshError;
  readonly againAtMs: number;
  readonly seenKey?: string;
}

/** Reads the pins; with a secret only those that were proven by it. Rejects with `store_failed` when one of them can't be read. */
export async function openPeerKeys(options: PeerKeysOptions): Promise<PeerKeys & AsyncDisposable> {
  const pins = new Map<HostId, PublicKey>();
  for await (const page of options.store.load(PIN_PREFIX)) {
    for (const { key, value } of page) {
      const id = parseHostId(key.slice(PIN_PREFIX.length));
      const { publicKey: text, isProven } = (value ?? {}) as { publicKey?: unknown; isProven?: unknown };
      const publicKey = typeof text === 'string' ? parsePublicKey(text) : undefined;
      if (!id || !publicKey) {
        throw damagedRecords(`The stored record '${key}' is not a peer's key`);
      }
      // Believed unproven, before the operators shared a secret: it is to be proven now, as at a first contact.
      if (options.hasSecret && isProven !== true) continue;
      pins.set(id, publicKey);
    }
  }
  return new StoredPeerKeys(options, pins);
}

class StoredPeerKeys implements PeerKeys, AsyncDisposable {
  readonly #options: PeerKeysOptions;
  readonly #pins: Map<HostId, PublicKey>;
  /** Keys of hosts.json, parsed; each is parsed anew when its text changes. */
  readonly #configured = new Map<HostId, { readonly text: string; readonly key: PublicKey | undefined }>();
  readonly #learning = new Map<HostId, Promise<PublicKey>>();
  readonly #failures = new Map<HostId, Failure>();
  readonly #changed = new Map<HostId, string>();
  readonly #suspectAgainAtMs = new Map<HostId, number>();
  readonly #stop = new AbortController();
  readonly #inHand = new Set<Promise<unknown>>();

  constructor(options: PeerKeysOptions, pins: Map<HostId, PublicKey>) {
    this.#options = options;
    this.#pins = pins;
  }

  known(id: HostId): PublicKey | undefined {
    const host = this.#options.hostOf(id);
    if (host === undefined) return undefined;
    return isConfigured(host) ? this.#configuredKey(id, host.publicKey) : this.#pins.get(id);
  }

  takesUnsigned(id: HostId): boolean {
    return !this.#options.hasSecret || this.#options.hostOf(id)?.legacy === true;
  }

  async recheck(id: HostId, signal: AbortSignal): Promise<void> {
    const host = this.#options.hostOf(id);
    if (host?.legacy !== true || !this.#pins.has(id)) return;
    const greeting = this.#track(this.#options.greeter.greet(host, this.#stop.signal));
    const answer = await untilAborted(signal, greeting);
    if (answer.kind === 'legacy') await this.forget(id);
  }

  async learn(id: HostId, signal?: AbortSignal): Promise<PublicKey> {
    const known = this.known(id);
    if (known !== undefined) return known;
    const host = this.#options.hostOf(id);
    if (host === undefined) throw new MeshError('peer_untrusted', `hosts.json lists no host '${id}'.`);
    let learning = this.#learning.get(id);
    if (learning === undefined) {
      const failure = this.#failures.get(id);
      if (failure !== undefined && this.#options.clock.monotonicMs() < failure.againAtMs) throw failure.error;
      learning = this.#track(this.#introduce(host).finally(() => this.#learning.delete(id)));
      this.#learning.set(id, learning);
    }
    return signal === undefined ? learning : untilAborted(signal, learning);
  }

  confirm(id: HostId): void {
    if (this.#changed.size > 0 && this.#changed.delete(id)) {
      this.#options.log.info('peer.key_fits_again', { hostId: id });
    }
  }

  suspect(id: HostId): void {
    const host = this.#options.hostOf(id);
    const nowMs = this.#options.clock.monotonicMs();
    if (host === undefined || this.known(id) === undefined || this.#stop.signal.aborted) return;
    if (nowMs < (this.#suspectAgainAtMs.get(id) ?? 0)) return;
    this.#suspectAgainAtMs.set(id, nowMs + HELLO_AFTER_SUSPICION_MS);
    void this.#track(this.#lookAgain(host));
  }

  status(id: HostId): PeerKeyStatus {
    const key = this.known(id);
    if (key === undefined) return this.#statusWithoutKey(id);
    const publicKey = key.text;
    const seenKey = this.#changed.get(id);
    if (seenKey !== undefined && seenKey !== publicKey) {
      const why = `Host '${id}' now speaks with another key. If that is its new key (it lost its data), put ${seenKey} into hosts.json as its "publicKey" on every host, or give all hosts one MESH_SECRET; if not, somebody else answers at its URL.`;
      return { state: 'changed', publicKey, seenKey, why };
    }
    const host = this.#options.hostOf(id);
    return { state: host !== undefined && isConfigured(host) ? 'configured' : 'pinned', publicKey };
  }

  async forget(id: HostId): Promise<void> {
    await this.#options.store.commit([{ key: `${PIN_PREFIX}${id}`, value: undefined }]);
    this.#pins.delete(id);
    this.#changed.delete(id);
    this.#failures.delete(id);
    this.#options.log.info('peer.key_forgotten', { hostId: id });
  }

  /** Gives up every hello under way and waits for it to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#inHand);
  }

  #configuredKey(id: HostId, text: string): PublicKey | undefined {
    const entry = this.#configured.get(id);
    if (entry?.text === text) return entry.key;
    const key = parsePublicKey(text);
    this.#configured.set(id, { text, key });
    return key;
  }

  async #introduce(host: Host): Promise<PublicKey> {
    const { greeter, log } = this.#options;
    let seenKey: string | undefined;
    try {
      const answer = await greeter.greet(host, this.#stop.signal);
      if (answer.kind === 'legacy') throw this.#legacy(host, answer);
      seenKey = answer.key.text;
      this.#refuseUnbelievable(host, answer);
      await this.#pin(host, answer);
      this.#failures.delete(host.id);
      log.info('peer.key_pinned', { hostId: host.id, publicKey: answer.key.text, address: answer.address });
      // hosts.json may have been edited meanwhile: what it says goes first.
      return this.known(host.id) ?? answer.key;
    } catch (error) {
      if (error instanceof MeshError) this.#remember(host.id, error, seenKey);
      throw error;
    }
  }

  /** Durable before it is trusted. */
  async #pin({ id }: Host, { key, proven: isProven }: Introduction): Promise<void> {
    const { clock, store } = this.#options;
    const value = { publicKey: key.text, isProven, firstSeenAt: new Date(clock.wallMs()).toISOString() };
    await store.commit([{ key: `${PIN_PREFIX}${id}`, value }]);
    this.#pins.set(id, key);
  }

  #legacy(host: Host, { address }: LegacyPeer): MeshError {
    const says = `Host '${host.id}' at ${host.url} knows no hello (404), and answers look-ups, unsigned`;
    const { hasSecret, believesLegacy } = this.#options;
    if (host.legacy === true || believesLegacy(address))
      return new MeshError(
        'peer_untrusted',
        `${says}, as one that serves only those. If it is one, say "legacy": true in its entry of hosts.json, on every host; if not, somebody else answers there.`,
        { extra: { isLegacy: true, address } },
      );
    const why = hasSecret
      ? 'a host that does not prove to know the secret has no say in who votes'
      : `it does so from ${address || 'more than one address'}, which is no private address`;
    return new MeshError(
      'peer_untrusted',
      `${says}, which anybody could say for it: ${why}. If it serves only the look-up, say "legacy": true in its entry of hosts.json, on every host; if not, somebody else answers there.`,
    );
  }

  #refuseUnbelievable(host: Host, { address, proven, key }: Introduction): void {
    if (host.publicKey !== undefined) {
      if (parsePublicKey(host.publicKey)?.text === key.text) return;
      throw new MeshError(
        'peer_untrusted',
        `Host '${host.id}' speaks with another key than the "publicKey" that hosts.json gives it.`,
      );
    }
    if (this.#options.hasSecret ? proven : isTrustedNetwork(address)) return;
    const told = `Put its key into hosts.json as "publicKey"`;
    throw new MeshError(
      'peer_untrusted',
      this.#options.hasSecret
        ? `Host '${host.id}' did not prove to know the mesh's secret. Give it the same MESH_SECRET. Or: ${told}.`
        : `Host '${host.id}' answers from ${address}, which is no private address, so its key is not believed unseen. ${told}, or set MESH_SECRET on both hosts.`,
    );
  }

  #remember(id: HostId, error: MeshError, seenKey: string | undefined): void {
    const isSilence = error.code === 'peer_silent';
    const waitMs = isSilence ? HELLO_AFTER_SILENCE_MS : HELLO_AFTER_REFUSAL_MS;
    const before = this.#failures.get(id);
    this.#failures.set(id, {
      error,
      againAtMs: this.#options.clock.monotonicMs() + waitMs,
      ...(seenKey === undefined ? {} : { seenKey }),
    });
    if (!isSilence && before?.error.message !== error.message) {
      this.#options.log.warn('peer.key_refused', { hostId: id, seenKey, why: error.message });
    }
  }

  async #lookAgain(host: Host): Promise<void> {
    try {
      const answer = await this.#options.greeter.greet(host, this.#stop.signal);
      const known = this.known(host.id);
      if (answer.kind === 'legacy' || known === undefined) return;
      if (answer.key.text === known.text) return this.confirm(host.id);
      if (answer.proven && host.publicKey === undefined) {
        await this.#pin(host, answer);
        this.#changed.delete(host.id);
        const fields = { hostId: host.id, publicKey: answer.key.text, before: known.text, address: answer.address };
        this.#options.log.warn('peer.key_replaced', fields);
        return;
      }
      if (this.#changed.get(host.id) === answer.key.text) return;
      this.#changed.set(host.id, answer.key.text);
      this.#options.log.warn('peer.key_changed', {
        hostId: host.id,
        publicKey: known.text,
        seenKey: answer.key.text,
        address: answer.address,
      });
    } catch (error) {
      // It can't be seen now which key it has; the next signature that does not fit asks again.
      if (error instanceof MeshError) return;
      this.#options.log.error('peer.look_failed', { hostId: host.id, stack: (error as Error).stack });
    }
  }

  #statusWithoutKey(id: HostId): PeerKeyStatus {
    const failure = this.#failures.get(id);
    if (failure === undefined) return { state: 'unknown' };
    const { error, seenKey } = failure;
    return {
      state: error.code === 'peer_silent' || error.extra.isLegacy === true ? 'unknown' : 'untrusted',
      ...(seenKey === undefined ? {} : { seenKey }),
      why: error.message,
    };
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#inHand.add(promise);
    const done = () => this.#inHand.delete(promise);
    promise.then(done, done);
    return promise;
  }
}

/** A host that an operator declares to have no key has none from the file: it may have introduced itself since. */
function isConfigured(host: Host): host is Host & { readonly publicKey: string } {
  return host.publicKey !== undefined && host.legacy !== true;
}
