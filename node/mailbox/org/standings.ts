// How addresses stand in the mesh. What this host holds and what it has heard of the others answers most questions at once; others are asked
// only about an address of a domain that has inboxes here, seldom enough that strangers who guess addresses keep no other look-up waiting.
import { parseAnyAddress } from '../../../mesh/address/identity.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { LookUp } from '../../../mesh/lookup/fan-out.ts';
import type { KeyedAddress } from '../../../mesh/lookup/index-entry.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { startDeadline, unlessAborted } from '../../../mesh/time/deadline.ts';
import { Seldom } from '../../../mesh/time/seldom.ts';
import type { Log } from '../../log.ts';
import type { Inbox } from '../inbox.ts';
import type { Standing, StandingQuestion } from '../recipient-question.ts';
import { type AddressFault, addressFault } from './address-faults.ts';
import type { AddressBookParts } from './addresses.ts';

/** Milliseconds for all look-ups of one question: the mail server that asks waits. */
const LOOK_UP_MS_MAX = 2_000;
/** Look-ups that are begun in one second. */
const LOOK_UPS_MAX = 20;
const LOOK_UPS_MS = 1_000;
/** Milliseconds for which an answer of the whole mesh is good. */
const ANSWER_KEPT_MS = 60_000;
/** Answers that are kept; the oldest is forgotten first. */
const ANSWERS_MAX = 10_000;
/** Milliseconds between two lines of the log about mail for the same host. */
const WRONG_HOST_MS = 60_000;

export interface StandingsParts {
  readonly hostId: string;
  readonly registry: { readonly table: Pick<AddressBookParts['registry']['table'], 'holderOfText'> };
  readonly hostsOf: AddressBookParts['hostsOf'];
  /** Whether an operator has yet to decide whose an address is. */
  readonly isContested: (address: string) => boolean;
  /** Whether an address is in a domain of another pod than that of its inbox. */
  readonly isForeign: (inboxId: string, podId: string) => boolean;
  /** Asks the whole mesh. */
  readonly lookUp: LookUp;
  readonly clock: Clock;
  readonly log: Log;
}

interface Kept {
  readonly standing: Promise<Standing>;
  readonly atMs: number;
}

export class Standings {
  readonly #parts: StandingsParts;
  readonly #kept = new Map<AddressKey, Kept>();
  readonly #told = new Seldom<string>(WRONG_HOST_MS);
  #begun = { sinceMs: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(parts: StandingsParts) {
    this.#parts = parts;
  }

  /** Takes `LOOK_UP_MS_MAX` at most. The log hears of mail that another host should get. */
  async of(question: StandingQuestion): Promise<Standing> {
    const standing = await this.find(question);
    if (standing.kind === 'elsewhere') this.#tell(question.addresses[0] ?? '', standing.hostId);
    return standing;
  }

  /** Answers as `of` does whoever only wants to know: no mail has come. */
  async find({ addresses, podId, isServed }: StandingQuestion): Promise<Standing> {
    const known = firstThat(addresses, (address) => this.#known(address));
    const isForeign = podId !== undefined && addresses.some((address) => this.#parts.isForeign(address, podId));
    if (known?.kind === 'held' && isForeign) return { kind: 'foreign' };
    return known ?? (isServed ? await this.#lookedUp(addresses) : NOBODYS);
  }

  /** Why an inbox of this host neither gets mail nor sends any; `undefined`: it does. Asks nobody. */
  async faultOf({ inboxId, podId }: Pick<Inbox, 'inboxId' | 'podId'>): Promise<AddressFault | undefined> {
    return addressFault(await this.find({ addresses: [inboxId], podId, isServed: false }));
  }

  /** What needs no question; `undefined` when nobody is known to have the address. */
  #known(address: string): Standing | undefined {
    const { registry, hostsOf, isContested } = this.#parts;
    const holder = registry.table.holderOfText(address);
    const [other, ...more] = hostsOf(address);
    if (isContested(address) || more.length > 0) return { kind: 'conflicted' };
    if (holder === undefined) return other && { kind: 'elsewhere', hostId: other.hostId };
    if (other !== undefined) return { kind: 'conflicted' };
    return { kind: holder.emailEnabled ? 'held' : 'disabled' };
  }

  async #lookedUp(addresses: readonly string[]): Promise<Standing> {
    const { clock } = this.#parts;
    const late = () => new Error('The mesh did not answer the mailbox in time.');
    using deadline = startDeadline({ clock, ms: LOOK_UP_MS_MAX, signals: [], silent: late });
    for (const address of addresses) {
      const parsed = parseAnyAddress(address);
      const standing = parsed.valid ? await this.#keptOrAsked(parsed, deadline.signal) : NOBODYS;
      if (standing.kind !== 'nobodys') return standing;
    }
    return NOBODYS;
  }

  async #keptOrAsked(address: KeyedAddress, signal: AbortSignal): Promise<Standing> {
    const nowMs = this.#parts.clock.monotonicMs();
    const { key } = address;
    const kept = this.#kept.get(key);
    if (kept !== undefined && nowMs - kept.atMs < ANSWER_KEPT_MS) return await kept.standing;
    if (!this.#mayBegin(nowMs)) return UNKNOWN;
    const asked: Kept = { standing: this.#ask(address, signal), atMs: nowMs };
    this.#kept.delete(key);
    this.#kept.set(key, asked);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > ANSWERS_MAX && oldest !== undefined) this.#kept.delete(oldest);
    let standing: Standing = UNKNOWN;
    try {
      standing = await asked.standing;
    } finally {
      // Who did not answer may do so at the next try.
      if (standing.kind === 'unknown' && this.#kept.get(key) === asked) this.#kept.delete(key);
    }
    return standing;
  }

  #mayBegin(nowMs: number): boolean {
    if (nowMs - this.#begun.sinceMs >= LOOK_UPS_MS) this.#begun = { sinceMs: nowMs, count: 0 };
    this.#begun.count += 1;
    return this.#begun.count <= LOOK_UPS_MAX;
  }

  async #ask({ address, key }: KeyedAddress, signal: AbortSignal): Promise<Standing> {
    const { lookUp, hostId } = this.#parts;
    const asked = lookUp({ address: { address, key } }, signal).catch((error: unknown) => {
      // Too many other questions are under way.
      if (error instanceof MeshError && error.code === 'rate_limited') return undefined;
      throw error;
    });
    const answer = await unlessAborted(signal, asked, undefined);
    if (answer === undefined) return UNKNOWN;
    const owner = answer.emails.get(key)?.entry.hostId;
    // This host has claimed it meanwhile: the next try finds it here.
    if (owner === hostId) return UNKNOWN;
    if (owner !== undefined) return { kind: 'elsewhere', hostId: owner };
    const isComplete = answer.meta.hostsFailed.length === 0 && (answer.meta.entriesDropped ?? 0) === 0;
    return isComplete ? NOBODYS : UNKNOWN;
  }

  #tell(address: string, hostId: string): void {
    const { clock, log } = this.#parts;
    if (!this.#told.isTime(hostId, clock.monotonicMs())) return;
    const message = `Mail for ${address.slice(0, 320)} came to this host, but the mailbox is on host '${hostId}'. Whoever sent it is told to try again (451), so nothing is lost yet: let the mail server in front bring it there.`;
    log.error('mailbox.wrong_host', { message, hostId });
  }
}

const NOBODYS: Standing = { kind: 'nobodys' };
const UNKNOWN: Standing = { kind: 'unknown' };

function firstThat<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
