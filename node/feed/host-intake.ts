// Takes in what one host tells of its log, and what a relay passes on of it: checked whole, and committed with the place that it leads to.
import { isDeepStrictEqual } from 'node:util';
import { MeshError } from '../../mesh/errors.ts';
import { digestOf } from '../../mesh/feed/digest.ts';
import { type FeedRefusal, takeChunk } from '../../mesh/feed/follower.ts';
import { isSignedBy, type SignedHead } from '../../mesh/feed/head.ts';
import type { FeedAnswer } from '../../mesh/feed/messages.ts';
import type { ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { PublicKey } from '../../mesh/signature/ed25519.ts';
import type { FeedLog } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import type { FeedQuestions } from './feed-questions.ts';
import { heardEntry } from './heard-entry.ts';
import type { HostCopies } from './host-copies.ts';
import { takeSnapshot } from './snapshot-intake.ts';
import { readSnapshot } from './snapshot-reader.ts';

export interface IntakeOptions {
  readonly hostId: HostId;
  readonly changes: FeedLog;
  readonly copies: HostCopies;
  /** The host's key, as far as it is known. */
  readonly key: () => PublicKey | undefined;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  readonly log: Log;
}

export class HostIntake {
  readonly #options: IntakeOptions;
  #isDrifted = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** How far the host was heard; `undefined`: all of it is to be read. */
  get head(): SignedHead | undefined {
    return this.#isDrifted ? undefined : this.#options.copies.head(this.#options.hostId);
  }

  /** Holds what was read from the disk against what the host signed: a row can have been lost there. */
  async expectWhole(): Promise<void> {
    const { copies, hostId, clock } = this.#options;
    const head = copies.head(hostId);
    if (head === undefined || (await digestOf(copies.copy.ofHost(hostId), clock)) === head.digest) return;
    this.#isDrifted = true;
    this.drifted(`What is on the disk of host '${hostId}' is not what that host signed; all of it is read anew.`);
  }

  drifted(why: string): void {
    const { log, hostId } = this.#options;
    log.error('feed.drifted', { peer: hostId, why });
  }

  /**
   * Resolves with why it was not taken, if it was not. Rejects with `peer_unintelligible` while this host has no place in that log, with
   * `store_failed`.
   */
  async takeChunk(chunk: Extract<FeedAnswer, { kind: 'chunk' }>): Promise<FeedRefusal | undefined> {
    const { hostId, copies, changes, clock, parseAddress } = this.#options;
    const from = this.head;
    if (from === undefined)
      throw new MeshError(
        'peer_unintelligible',
        `Host '${hostId}' sent entries of its log without a place to begin at.`,
      );
    const rowOf = (key: AddressKey) => copies.rowOf(hostId, key);
    const isGenuine = (head: SignedHead) => this.#isGenuine(head);
    const taken = await takeChunk({ hostId, isGenuine, parseAddress, clock, rowOf }, from, chunk);
    if (taken.kind === 'refused') return taken;
    if (taken.entries.length === 0) return undefined;
    const { writes, apply } = copies.change(hostId, { ...taken, standing: taken.head });
    const heard = taken.entries.map((one) => heardEntry(hostId, from.logId, one));
    await changes.hear(heard, writes, apply);
    return undefined;
  }

  /** Resolves with where the log stands then, with why it was not taken, or with nothing when `signal` aborts. Rejects as the questions do. */
  async takeSnapshot(
    questions: FeedQuestions,
    signal: AbortSignal,
  ): Promise<SignedHead | FeedRefusal | { readonly kind: 'gone' } | undefined> {
    const { hostId, parseAddress, clock } = this.#options;
    const isGenuine = (head: SignedHead) => this.#isGenuine(head);
    const read = await readSnapshot({ hostId, questions, isGenuine, parseAddress, clock }, signal);
    if (read.kind !== 'snapshot') return read;
    if (!signal.aborted) await takeSnapshot(this.#options, read, signal);
    if (signal.aborted) return undefined;
    this.#isDrifted = false;
    return read.head;
  }

  /** Takes in that a host of which nothing is known has no agents, as it signed. Resolves with why it was not taken, if it was not. Rejects with `store_failed`. */
  async begin(head: SignedHead): Promise<FeedRefusal | undefined> {
    const { hostId } = this.#options;
    if (head.hostId !== hostId || !this.#isGenuine(head))
      return { kind: 'refused', reason: 'forged', why: `Host '${hostId}' did not sign that it has no agents.` };
    const nothing = { kind: 'snapshot', agents: [], head } as const;
    await takeSnapshot(this.#options, nothing, new AbortController().signal);
    return undefined;
  }

  #isGenuine(head: SignedHead): boolean {
    const { copies, hostId, key } = this.#options;
    // A host that has nothing new says the same again.
    if (copies.head(hostId)?.signature === head.signature && isDeepStrictEqual(copies.head(hostId), head)) return true;
    const known = key();
    return known !== undefined && isSignedBy(head, known);
  }
}
