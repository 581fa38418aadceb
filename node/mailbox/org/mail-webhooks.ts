// Webhooks as AgentMail's clients know them: subscriptions of the node that tell of inboxes alone, each event whole. Everything else of a
// delivery (its order, attempts, guard, dead letters) is that of any subscription: node/webhooks/README.md.
import type { MailboxEvent } from '../../changes/change-log.ts';
import type { CustomHeaders } from '../../webhooks/custom-headers.ts';
import { wishOf } from '../../webhooks/epochs.ts';
import type { Subscription } from '../../webhooks/webhook-records.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { noSuch, wrongField } from '../errors.ts';
import type { Listed, ListPlace } from '../list.ts';
import type { Scope } from '../scope.ts';

/** Inboxes, and pods, that a webhook names. */
export const NAMED_MAX = 10;

export interface WebhookWish {
  readonly url: string;
  readonly events: readonly MailboxEvent[];
  /** Inboxes and pods of which it tells; both absent: all of its scope. */
  readonly inboxIds?: readonly string[] | undefined;
  readonly podIds?: readonly string[] | undefined;
  readonly headers?: CustomHeaders | undefined;
  readonly clientId?: string | undefined;
}

interface NamedChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface WebhookEdit {
  /** None: as they were. */
  readonly events: readonly MailboxEvent[];
  readonly inboxIds: NamedChange;
  readonly podIds: NamedChange;
}

/** Which webhook is meant, and where it must be. */
export interface WebhookMeant {
  readonly scope: Scope;
  readonly id: string;
}

export class MailWebhooks {
  readonly #webhooks: Pick<Webhooks, 'subscribe' | 'patch' | 'remove' | 'subscriptions'>;
  /** The id of the default pod, in which every inbox was whose webhook names no pod. */
  readonly #defaultPod: () => Promise<string>;
  /** What is changed is made of what there was: one after the other, or of two at once one would undo the other. */
  #changed: Promise<unknown> = Promise.resolve();

  constructor(
    webhooks: Pick<Webhooks, 'subscribe' | 'patch' | 'remove' | 'subscriptions'>,
    defaultPod: () => Promise<string>,
  ) {
    this.#webhooks = webhooks;
    this.#defaultPod = defaultPod;
  }

  /** Makes a webhook of a scope; the same client id again is the same one. */
  async create(scope: Scope, wish: WebhookWish): Promise<Subscription> {
    const { url, events, headers, clientId } = wish;
    const { podId, inboxId } = scope;
    const { webhook } = await this.#webhooks.subscribe({
      ...{ url, events, headers, clientId, ...namedBy(scope, wish), ownerInboxId: inboxId, ownerPodId: podId },
      ...{ format: 'agentmail', scope: 'host' },
    });
    return await this.get({ scope, id: webhook.id });
  }

  /** The one that was made with that client id before, whatever it was asked to be. */
  known({ podId, inboxId }: Scope, clientId: string | undefined): Subscription | undefined {
    return this.#all().find(
      (one) =>
        clientId !== undefined &&
        one.clientId === clientId &&
        one.ownerInboxId === inboxId &&
        (inboxId !== undefined || one.ownerPodId === podId),
    );
  }

  /** Throws `not_found`. */
  async get({ scope, id }: WebhookMeant): Promise<Subscription> {
    const found = (await this.#within(scope)).find((one) => one.id === id);
    if (found === undefined) throw noSuch('webhook');
    return found;
  }

  /** The newest first, unless `isAscending`. */
  async list(
    scope: Scope,
    {
      limit,
      isAscending,
      place,
    }: { readonly limit: number; readonly isAscending: boolean; readonly place?: ListPlace | undefined },
  ): Promise<Listed<Subscription>> {
    const sign = isAscending ? 1 : -1;
    const all = (await this.#within(scope)).toSorted((one, other) => sign * (madeMs(one) - madeMs(other)));
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

  change(meant: WebhookMeant, edit: WebhookEdit): Promise<Subscription> {
    const changed = this.#changed.then(() => this.#change(meant, edit));
    this.#changed = changed.catch(() => undefined);
    return changed;
  }

  async changeHeaders(meant: WebhookMeant, headers: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#webhooks.patch((await this.get(meant)).id, { headers });
  }

  async remove(meant: WebhookMeant): Promise<void> {
    await this.#webhooks.remove((await this.get(meant)).id);
  }

  /** The inbox is gone, and with it what was of it alone. */
  async endWith(inboxId: string): Promise<void> {
    for (const { id } of await this.#within({ inboxId })) await this.#webhooks.remove(id);
  }

  /** The pod is gone, as all of its inboxes are. */
  async endWithPod(podId: string): Promise<void> {
    for (const { id } of await this.#within({ podId })) await this.#webhooks.remove(id);
  }

  /** Pods that have webhooks. */
  podIds(): readonly string[] {
    return [...new Set(this.#all().flatMap(({ ownerPodId }) => ownerPodId ?? []))];
  }

  async #change(meant: WebhookMeant, { events, inboxIds, podIds }: WebhookEdit): Promise<Subscription> {
    const before = await this.get(meant);
    const wished = wishOf(before);
    // A webhook of a pod that names inboxes of it hears of these alone.
    const isOfPod = before.ownerPodId !== undefined && inboxIds.added.length > 0;
    const inboxes = changedNames(wished.inboxIds, inboxIds, 'inbox_ids');
    const pods = isOfPod ? [] : changedNames(wished.podIds, podIds, 'pod_ids');
    const isNarrowed = [inboxIds, podIds].some(({ added, removed }) => added.length + removed.length > 0);
    if (isNarrowed && inboxes.length + pods.length === 0)
      throw wrongField('remove_inbox_ids', 'leaves nothing to hear of: delete the webhook, or name another inbox');
    const named = { inboxIds: inboxes.length === 0 ? null : inboxes, podIds: pods.length === 0 ? null : pods };
    await this.#webhooks.patch(meant.id, {
      ...(events.length === 0 ? {} : { events }),
      ...(isNarrowed ? named : {}),
    });
    return await this.get(meant);
  }

  async #within({ podId, inboxId }: Scope): Promise<readonly Subscription[]> {
    const all = this.#all();
    if (inboxId !== undefined) return all.filter(({ ownerInboxId }) => ownerInboxId === inboxId);
    if (podId === undefined) return all;
    const defaultPod = await this.#defaultPod();
    return all.filter(({ ownerInboxId, ownerPodId }) => (ownerPodId ?? (ownerInboxId && defaultPod)) === podId);
  }

  #all(): readonly Subscription[] {
    return this.#webhooks.subscriptions().filter(({ format }) => format === 'agentmail');
  }
}

/** What a webhook of a scope hears of: what it names or, where that is nothing, all of the scope. */
function namedBy(
  { podId, inboxId }: Scope,
  { inboxIds, podIds }: WebhookWish,
): Pick<WebhookWish, 'inboxIds' | 'podIds'> {
  if (inboxId !== undefined) return { inboxIds: [inboxId] };
  if (podId !== undefined) return inboxIds === undefined ? { podIds: [podId] } : { inboxIds };
  return { inboxIds, podIds };
}

function changedNames(
  before: readonly string[] | undefined,
  { added, removed }: NamedChange,
  field: string,
): readonly string[] {
  const after = new Set([...(before ?? []), ...added]).difference(new Set(removed));
  if (after.size <= NAMED_MAX) return [...after];
  throw wrongField(`add_${field}`, `would make ${after.size}; a webhook names at most ${NAMED_MAX}`);
}

function madeMs({ createdAt }: Subscription): number {
  return Date.parse(createdAt);
}
