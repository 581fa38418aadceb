// Webhooks as AgentMail's clients know them: subscriptions of the node that tell of inboxes alone, each event whole. Everything else of a
// delivery (its order, attempts, guard, dead letters) is that of any subscription: node/webhooks/README.md.
import type { MailboxEvent } from '../../changes/change-log.ts';
import type { CustomHeaders } from '../../webhooks/custom-headers.ts';
import { wishOf } from '../../webhooks/epochs.ts';
import type { Subscription } from '../../webhooks/webhook-records.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { MailboxError, noSuch } from '../errors.ts';
import type { Listed, ListPlace } from '../list.ts';

/** Inboxes that a webhook names. */
export const NAMED_INBOXES_MAX = 10;

export interface WebhookWish {
  readonly url: string;
  readonly events: readonly MailboxEvent[];
  /** Absent: all. */
  readonly inboxIds?: readonly string[] | undefined;
  readonly headers?: CustomHeaders | undefined;
  readonly clientId?: string | undefined;
}

export interface WebhookEdit {
  /** None: as they were. */
  readonly events: readonly MailboxEvent[];
  readonly addedIds: readonly string[];
  readonly removedIds: readonly string[];
}

/** Which webhook is meant; `ownerId`: the inbox whose webhooks are asked for, absent: all. */
export interface WebhookMeant {
  readonly ownerId: string | undefined;
  readonly id: string;
}

export class MailWebhooks {
  readonly #webhooks: Pick<Webhooks, 'subscribe' | 'patch' | 'remove' | 'subscriptions'>;

  constructor(webhooks: Pick<Webhooks, 'subscribe' | 'patch' | 'remove' | 'subscriptions'>) {
    this.#webhooks = webhooks;
  }

  /** Makes a webhook; the same client id again is the same one. `ownerId`: the inbox that it is of. */
  async create(ownerId: string | undefined, wish: WebhookWish): Promise<Subscription> {
    const { url, events, headers, clientId } = wish;
    const inboxIds = ownerId === undefined ? wish.inboxIds : [ownerId];
    const { webhook } = await this.#webhooks.subscribe({
      ...{ url, events, headers, clientId, inboxIds, ownerInboxId: ownerId },
      ...{ format: 'agentmail', scope: 'host' },
    });
    return this.get({ ownerId, id: webhook.id });
  }

  /** Throws `not_found`. */
  get({ ownerId, id }: WebhookMeant): Subscription {
    const found = this.#all(ownerId).find((one) => one.id === id);
    if (found === undefined) throw noSuch('webhook');
    return found;
  }

  /** The newest first, unless `isAscending`. */
  list(
    ownerId: string | undefined,
    {
      limit,
      isAscending,
      place,
    }: { readonly limit: number; readonly isAscending: boolean; readonly place?: ListPlace | undefined },
  ): Listed<Subscription> {
    const sign = isAscending ? 1 : -1;
    const all = this.#all(ownerId).toSorted((one, other) => sign * (madeMs(one) - madeMs(other)));
    const left = all.filter((one, at) => {
      if (place === undefined) return true;
      const ofThatTime = at - all.findIndex((other) => madeMs(other) === madeMs(one));
      return sign * (madeMs(one) - place.atMs) > 0 || (madeMs(one) === place.atMs && ofThatTime > place.row);
    });
    const items = left.slice(0, limit);
    const last = items.at(-1);
    if (left.length <= limit || last === undefined) return { items };
    const row = all.indexOf(last) - all.findIndex((other) => madeMs(other) === madeMs(last));
    return { items, next: { atMs: madeMs(last), row } };
  }

  async change(meant: WebhookMeant, { events, addedIds, removedIds }: WebhookEdit): Promise<Subscription> {
    const before = wishOf(this.get(meant)).inboxIds;
    const after = new Set([...(before ?? []), ...addedIds]).difference(new Set(removedIds));
    const isNarrowed = addedIds.length > 0 || removedIds.length > 0;
    if (isNarrowed && after.size === 0) {
      const message = 'A webhook without an inbox would hear of nothing: delete the webhook, or name another inbox.';
      throw wrongField('remove_inbox_ids', message);
    }
    if (after.size > NAMED_INBOXES_MAX) {
      throw wrongField('add_inbox_ids', `A webhook names at most ${NAMED_INBOXES_MAX} inboxes.`);
    }
    await this.#webhooks.patch(meant.id, {
      ...(events.length === 0 ? {} : { events }),
      ...(isNarrowed ? { inboxIds: [...after] } : {}),
    });
    return this.get(meant);
  }

  async changeHeaders(meant: WebhookMeant, headers: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#webhooks.patch(this.get(meant).id, { headers });
  }

  async remove(meant: WebhookMeant): Promise<void> {
    await this.#webhooks.remove(this.get(meant).id);
  }

  /** The inbox is gone, and with it what was of it alone. */
  async endWith(inboxId: string): Promise<void> {
    for (const { id } of this.#all(inboxId)) await this.#webhooks.remove(id);
  }

  #all(ownerId: string | undefined): readonly Subscription[] {
    const all = this.#webhooks.subscriptions().filter(({ format }) => format === 'agentmail');
    return ownerId === undefined ? all : all.filter(({ ownerInboxId }) => ownerInboxId === ownerId);
  }
}

function madeMs({ createdAt }: Subscription): number {
  return Date.parse(createdAt);
}

function wrongField(field: string, message: string): MailboxError {
  return new MailboxError('validation_error', message, { errors: [{ path: [field], message }] });
}
