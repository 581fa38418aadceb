// Which key a peer speaks with, and why this host believes the key: it is told in hosts.json, else pinned, else learned by asking the peer at
// the URL that hosts.json gives. A changed key is refused and shown. It is adopted only from a peer that proves to know the secret of the mesh
// with that very key: such a peer has lost its disk, and comes back by itself.
import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import { GREETING_MS_MAX } from '../../../mesh/peer-silence.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Host } from '../../../mesh/roster.ts';
import { type PublicKey, parsePublicKey } from '../../../mesh/signature/ed25519.ts';
import { untilAborted, withinMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { Store } from '../../store/store.ts';
import type { HostRecords } from '../forgotten-hosts.ts';
import {
  type Belief,
  judgeIntroduction,
  judgeLegacy,
  type Learned,
  type Unheard,
  type Unlearned,
  unheard,
} from './first-contact.ts';
import type { HelloAsker, Introduction, LegacyPeer } from './hello-question.ts';
import { PinnedKeys } from './pinned-keys.ts';

/** A peer whose key is not known is asked again who it is this long after it was silent, … */
export const HELLO_AFTER_SILENCE_MS = 250;
/** … and this long after it answered what can't be trusted, or that it has no time. */
export const HELLO_AFTER_REFUSAL_MS = 5_000;
/** A peer whose signatures stopped fitting is asked who it is at most this often, to see whether its key changed. */
export const HELLO_AFTER_SUSPICION_MS = 10_000;

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
  /**
   * The key known, or learned now; callers at the same moment share one hello, whose answer counts too when it comes after the call says
   * `silent`. Rejects with the reason of `signal`, and with `store_failed`.
   */
  learn(id: HostId, signal?: AbortSignal): Promise<Learned>;
  /** A signature of this peer fitted: whatever was suspected is over. */
  confirm(id: HostId): void;
  /** A signature of this peer did not fit: look in the background whether its key changed. */
  suspect(id: HostId): void;
  status(id: HostId): PeerKeyStatus;
  /** Whether an unsigned answer of this peer counts as long as no key of it is known. */
  believesUnsigned(id: HostId): boolean;
  /**
   * Asks a peer that hosts.json declares legacy, though a key of it is known, who it is: its key is dropped when it speaks without one
   * now. Rejects as `learn` does.
   */
  recheck(id: HostId, signal: AbortSignal): Promise<void>;
}

export interface PeerKeysOptions extends Belief {
  /** Where a host is, and which key it was given there. */
  readonly hostOf: (id: HostId) => Host | undefined;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly hellos: HelloAsker;
  readonly clock: Clock;
  readonly log: Log;
}

interface Failure {
  readonly outcome: Unlearned;
  /** By the monotonic clock: until then nobody is asked again. */
  readonly againAtMs: number;
}

/** Reads the pins; with a secret only those that were proven by it. Rejects with `store_failed` when one of them can't be read. */
export async function openPeerKeys(options: PeerKeysOptions): Promise<PeerKeys & HostRecords & AsyncDisposable> {
  return new StoredPeerKeys(options, await PinnedKeys.open(options.store, options.hasSecret));
}

class StoredPeerKeys implements PeerKeys, HostRecords, AsyncDisposable {
  readonly #options: PeerKeysOptions;
  readonly #pins: PinnedKeys;
  /** Keys of hosts.json, parsed; each is parsed anew when its text changes. */
  readonly #configured = new Map<HostId, { readonly text: string; readonly key: PublicKey | undefined }>();
  readonly #learning = new Map<HostId, Promise<Learned>>();
  readonly #failures = new Map<HostId, Failure>();
  readonly #changed = new Map<HostId, string>();
  readonly #suspectAgainAtMs = new Map<HostId, number>();
  readonly #stop = new AbortController();
  readonly #inHand = new Set<Promise<unknown>>();

  constructor(options: PeerKeysOptions, pins: PinnedKeys) {
    this.#options = options;
    this.#pins = pins;
  }

  known(id: HostId): PublicKey | undefined {
    const host = this.#options.hostOf(id);
    if (host === undefined) return undefined;
    return isConfigured(host) ? this.#configuredKey(id, host.publicKey) : this.#pins.get(id);
  }

  believesUnsigned(id: HostId): boolean {
    return !this.#options.hasSecret || this.#options.hostOf(id)?.legacy === true;
  }

  async recheck(id: HostId, signal: AbortSignal): Promise<void> {
    const host = this.#options.hostOf(id);
    if (host?.legacy !== true || this.#pins.get(id) === undefined) return;
    const answer = await untilAborted(signal, this.#track(this.#ask(host)));
    if (answer.kind !== 'legacy') return;
    await this.#pins.drop([id]);
    this.#changed.delete(id);
    this.#failures.delete(id);
    this.#options.log.info('peer.key_dropped', { hostId: id });
  }

  hosts(): Iterable<HostId> {
    return new Set([...this.#pins.hosts(), ...this.#failures.keys(), ...this.#configured.keys()]);
  }

  async forget(ids: readonly HostId[]): Promise<void> {
    for (const id of ids)
      for (const known of [this.#failures, this.#configured, this.#changed, this.#suspectAgainAtMs]) known.delete(id);
    await this.#pins.drop(ids);
  }

  async learn(id: HostId, signal?: AbortSignal): Promise<Learned> {
    const known = this.known(id);
    if (known !== undefined) return { kind: 'known', key: known };
    const host = this.#options.hostOf(id);
    if (host === undefined)
      return { kind: 'untrusted', code: 'peer_untrusted', why: `hosts.json lists no host '${id}'.` };
    let learning = this.#learning.get(id);
    if (learning === undefined) {
      const failure = this.#failures.get(id);
      if (failure !== undefined && this.#options.clock.monotonicMs() < failure.againAtMs) return failure.outcome;
      learning = this.#track(this.#introduce(host).finally(() => this.#learning.delete(id)));
      this.#learning.set(id, learning);
    }
    const learned = withinMs(this.#options.clock, GREETING_MS_MAX, learning, notYet(id));
    return signal === undefined ? learned : untilAborted(signal, learned);
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

  /** What the peer says when it is asked who it is, unjudged; or why it says nothing that counts. */
  #ask(host: Host): Promise<Introduction | LegacyPeer | Unheard> {
    return this.#options.hellos.ask(host, this.#stop.signal).catch(unheard);
  }

  async #introduce(host: Host): Promise<Learned> {
    const { clock, log } = this.#options;
    const answer = await this.#ask(host);
    if (answer.kind !== 'introduced')
      return this.#remember(host.id, answer.kind === 'legacy' ? judgeLegacy(host, answer, this.#options) : answer);
    const refusal = judgeIntroduction(host, answer, this.#options);
    if (refusal !== undefined) return this.#remember(host.id, refusal);
    await this.#pins.pin(host.id, answer, new Date(clock.wallMs()).toISOString());
    this.#failures.delete(host.id);
    log.info('peer.key_pinned', { hostId: host.id, publicKey: answer.key.text, address: answer.address });
    // hosts.json may have been edited meanwhile: what it says goes first.
    return { kind: 'known', key: this.known(host.id) ?? answer.key };
  }

  #remember(id: HostId, outcome: Unlearned): Unlearned {
    const waitMs = outcome.kind === 'silent' && !outcome.isBusy ? HELLO_AFTER_SILENCE_MS : HELLO_AFTER_REFUSAL_MS;
    const before = this.#failures.get(id);
    this.#failures.set(id, { outcome, againAtMs: this.#options.clock.monotonicMs() + waitMs });
    if (outcome.kind !== 'silent' && before?.outcome.why !== outcome.why)
      this.#options.log.warn('peer.key_refused', { hostId: id, seenKey: seenKeyOf(outcome), why: outcome.why });
    return outcome;
  }

  async #lookAgain(host: Host): Promise<void> {
    try {
      const answer = await this.#ask(host);
      const known = this.known(host.id);
      // Which key the peer has can't be seen now; the next signature that does not fit asks again.
      if (answer.kind !== 'introduced' || known === undefined) return;
      if (answer.key.text === known.text) return this.confirm(host.id);
      if (answer.proven && host.publicKey === undefined) {
        await this.#pins.pin(host.id, answer, new Date(this.#options.clock.wallMs()).toISOString());
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
      // The store tells of its own failure.
      if (error instanceof MeshError) return;
      this.#options.log.error('peer.look_failed', { hostId: host.id, stack: (error as Error).stack });
    }
  }

  #statusWithoutKey(id: HostId): PeerKeyStatus {
    const failure = this.#failures.get(id);
    if (failure === undefined) return { state: 'unknown' };
    const { outcome } = failure;
    const seenKey = seenKeyOf(outcome);
    return {
      state: outcome.kind === 'untrusted' ? 'untrusted' : 'unknown',
      ...(seenKey === undefined ? {} : { seenKey }),
      why: outcome.why,
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

/** The answer may come yet, and is taken in then: a host that has too much to do is not asked again for what it is at work on. */
function notYet(id: HostId): Unheard {
  return { kind: 'silent', why: `Host '${id}' did not answer a hello within ${GREETING_MS_MAX} ms.` };
}

function seenKeyOf(outcome: Unlearned): string | undefined {
  return outcome.kind === 'untrusted' ? outcome.seenKey : undefined;
}
