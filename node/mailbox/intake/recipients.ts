// For whom mail is taken: an inbox that is there, whose address is its agent's in the whole mesh, that has had less than it may, on a disk with
// room.
import { DiskRoom, type DiskRoomParts } from '../disk-room.ts';
import { type Inbox, withoutTag } from '../inbox.ts';
import type { Standing, StandingQuestion } from '../recipient-question.ts';
import { isFull } from '../retention.ts';
import { unsubscribeTokenIn } from '../unsubscribe.ts';
import type { MailRates } from './mail-rates.ts';
import type { Envelope } from './reception.ts';
import { refusalOf } from './recipient-answer.ts';
import { isPostmaster, type Reply, replies } from './replies.ts';

export interface RecipientParts extends DiskRoomParts {
  /** In which the postmaster is whom a mail names without a domain; absent: nowhere. */
  readonly domain?: string | undefined;
  /** The inbox for an address of this host, however it is spelt, with its `+tag` or without. */
  readonly inboxFor: (address: string) => Inbox | undefined;
  /** Whether this host has inboxes in a domain. */
  readonly serves: (domain: string) => boolean;
  /** How an address stands in the mesh. */
  readonly standingOf: (question: StandingQuestion) => Promise<Standing>;
  readonly rates: Pick<MailRates, 'admitsFor'>;
  /** Hears of what failed, with its reason. */
  readonly failed: (error: Error) => void;
}

/** Whom the recipients of a mail are, each inbox once, and what stands in their addresses. */
export function addressedIn(
  recipients: readonly { readonly address: string; readonly inboxId: string }[],
): Pick<Envelope, 'inboxIds' | 'unsubscribeTokens'> {
  const tokens = recipients.flatMap(({ address, inboxId }) => {
    const token = unsubscribeTokenIn(address);
    return token === undefined ? [] : [[inboxId, token] as const];
  });
  return { inboxIds: [...new Set(recipients.map(({ inboxId }) => inboxId))], unsubscribeTokens: new Map(tokens) };
}

export class Recipients {
  readonly #parts: RecipientParts;
  readonly #room: DiskRoom;

  constructor(parts: RecipientParts) {
    this.#parts = parts;
    this.#room = new DiskRoom(parts);
  }

  /** Whether there is an inbox for an address. */
  isKnown(said: string): boolean {
    const address = this.#meant(said);
    return address !== undefined && this.#parts.inboxFor(address)?.state === 'active';
  }

  /** The inbox for an address, or why no mail is taken for it. `counted`: inboxes that get the mail already. Never rejects. */
  async admit(said: string, counted: readonly string[] = []): Promise<{ readonly inboxId: string } | Reply> {
    const address = this.#meant(said);
    if (address === undefined) return replies.noPostmaster();
    const known = this.#parts.inboxFor(address);
    if (known?.state === 'creating') return replies.notYet(address);
    const inbox = known?.state === 'active' ? known : undefined;
    const refusal = await this.#refusal(address, inbox);
    if (refusal !== undefined || inbox === undefined) return refusal ?? replies.noInbox(address);
    if (await this.#room.isFull()) return replies.diskFull();
    if (isFull(inbox)) return replies.mailboxFull(address);
    const { inboxId } = inbox;
    if (!counted.includes(inboxId) && !this.#parts.rates.admitsFor(inboxId)) return replies.tooMuchFor(address);
    return { inboxId };
  }

  /** The only recipient without a domain is the postmaster (RFC 5321 §4.5.1); `undefined`: this host has no domain to find him in. */
  #meant(said: string): string | undefined {
    if (!isPostmaster(said) || said.includes('@')) return said;
    return this.#parts.domain && `${said}@${this.#parts.domain}`;
  }

  /** Why no mail is taken for an address, by how it stands in the mesh. */
  async #refusal(address: string, inbox: Inbox | undefined): Promise<Reply | undefined> {
    const { serves, standingOf, failed } = this.#parts;
    const isServed = serves(address.slice(address.lastIndexOf('@') + 1).toLowerCase());
    const untagged = withoutTag(address);
    const spellings = [address, ...(untagged === undefined ? [] : [untagged])];
    // What an inbox stands for is its own address; mail for it with a tag is no question of the tag.
    const asked =
      inbox === undefined
        ? { addresses: spellings, isServed }
        : { addresses: [inbox.inboxId], podId: inbox.podId, isServed: true };
    let standing: Standing = { kind: 'unknown' };
    try {
      standing = await standingOf(asked);
    } catch (error) {
      failed(error as Error);
    }
    return refusalOf({ address, hasInbox: inbox !== undefined, isServed }, standing);
  }
}
