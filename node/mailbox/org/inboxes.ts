// Inboxes and their addresses. What is begun is written down before the registry is asked, so that a crash at any step is put right by the
// next start: an inbox that was being made is kept when the registry has its address, and one that was being deleted is deleted.
import type { AgentId } from '../../../mesh/names.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import type { Log } from '../../log.ts';
import { MailboxError, mailboxErrorOf, noSuch, wrongField } from '../errors.ts';
import {
  type BegunInbox,
  INBOXES_MAX,
  type Inbox,
  type InboxChange,
  type InboxDraft,
  METADATA_KEYS_MAX,
} from '../inbox.ts';
import type { Listed } from '../list.ts';
import { type Pod, podDomain } from '../pod.ts';
import type { Asks, InboxesQuestion, InboxSearch, IntakeQuestions, QueryQuestions } from '../questions.ts';
import { holdsInbox, levelOf, type Scope } from '../scope.ts';
import { folded } from '../search-text.ts';
import { type AddressBook, drawnName } from './addresses.ts';
import type { Domains } from './domains.ts';

/** Milliseconds until inboxes that are half made or deleted are looked at again. */
const SETTLE_AGAIN_MS = 30_000;

export interface InboxesParts {
  /** Ends the webhooks of an inbox. */
  readonly endWebhooks: (inboxId: string) => Promise<void>;
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
  readonly addresses: AddressBook;
  /** Takes back what an inbox has sent and no server has got yet. */
  readonly cancelSends: (inboxId: string) => Promise<void>;
  /** Takes what an inbox has sent through accounts off this host. */
  readonly forgetSent: (inboxId: string) => Promise<void>;
  /** The domain of those that are made without one. */
  readonly domain: string | undefined;
  /** Domains that somebody has brought. */
  readonly domains: Pick<Domains, 'verified' | 'isOfAnother'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface InboxWish extends Pick<Inbox, 'displayName' | 'clientId' | 'metadata'> {
  readonly username?: string | undefined;
  readonly domain?: string | undefined;
  /** Where it is made; absent: in the default pod. */
  readonly pod?: Pod | undefined;
  /** Whoever wishes it has the key of the pod alone, not of the organization. */
  readonly isOfPod?: boolean | undefined;
  /** The agent that shall have it; absent: one is made. */
  readonly agentId?: string | undefined;
}

export interface WishedChange extends Pick<InboxChange, 'metadata'> {
  readonly displayName?: string | undefined;
}

export class Inboxes {
  readonly #parts: InboxesParts;
  /** What is being made or deleted in this process, by inbox. */
  readonly #inHand = new Map<string, Promise<unknown>>();

  constructor(parts: InboxesParts) {
    this.#parts = parts;
  }

  list(question: InboxesQuestion): Promise<Listed<Inbox>> {
    return this.#parts.query.ask('inboxes', question);
  }

  search({ text, ...asked }: Omit<InboxSearch, 'words'>): Promise<Listed<Inbox>> {
    const lower = text.toLowerCase().trim();
    const words = folded(lower)
      .split(/[\s\p{Cc}]+/u)
      .filter((word) => word !== '');
    return this.#parts.query.ask('searchInboxes', { ...asked, words, text: lower });
  }

  /** The inbox that a text means, which need not be there. */
  idOf(text: string): string | undefined {
    return this.#parts.addresses.idOf(text);
  }

  /** The inbox that a text means, if it is within `scope`. Throws `not_found`, or `misdirected` where another host has it. */
  async get(text: string, scope: Scope = {}): Promise<Inbox> {
    const { query, addresses } = this.#parts;
    const inboxId = addresses.idOf(text);
    const inbox = inboxId === undefined ? undefined : await query.ask('inbox', inboxId);
    if (inbox !== undefined && holdsInbox(scope, inbox)) return inbox;
    // Where else an inbox may be is nothing that a pod is told.
    const elsewhere = levelOf(scope) === 'organization' ? addresses.elsewhere(text) : undefined;
    throw elsewhere ?? noSuch('inbox');
  }

  /**
   * Makes an inbox, whose address is then its agent's in the whole mesh; the same client id again is the same inbox, and claims its
   * address again where it was taken away. Throws `resource_taken`, `domain_not_verified`, `validation_error`, `limit_exceeded`, `service_unavailable`.
   */
  async create(wish: InboxWish): Promise<Inbox> {
    const { intake, query, addresses } = this.#parts;
    const { clientId, pod } = wish;
    // Its domain may be nobody's any more.
    const made = clientId && (await query.ask('inboxOfClient', { podId: pod?.podId, clientId }));
    if (made) return await this.#known({ outcome: 'known', inbox: made }, wish);
    const draft = await this.#draft(wish);
    const owner = addresses.ownerOf(draft.inboxId);
    // To whom an address belongs that another agent has got by other ways, the organization alone decides.
    const isWithheld = owner !== undefined && wish.isOfPod === true;
    // The same client id again is looked for before it matters whose the address is.
    const begun = await intake.ask('beginInbox', {
      ...draft,
      ...(owner === undefined ? {} : { agentId: owner, makesAgent: false }),
    });
    if (begun.outcome !== 'begun') return await this.#known(begun, wish);
    return await this.#inTurn(draft.inboxId, async () => {
      if (!isWithheld) return await this.#claim(begun.inbox, owner, wish.agentId);
      await intake.ask('dropInbox', draft.inboxId);
      throw taken(draft.inboxId);
    });
  }

  async change(text: string, { displayName, metadata }: WishedChange): Promise<Inbox> {
    const { intake, clock } = this.#parts;
    const { inboxId } = await this.get(text);
    const changed = await intake.ask('changeInbox', { inboxId, displayName, metadata, atMs: clock.wallMs() });
    if (changed.outcome === 'gone') throw noSuch('inbox');
    if (changed.outcome === 'full')
      throw wrongField(
        'metadata',
        `would have more than ${METADATA_KEYS_MAX} keys with those that are there; nothing was changed`,
      );
    return changed.inbox;
  }

  /** Resolves when nothing of it is left and its address is free. Throws `not_found`, `misdirected`. */
  async remove(text: string): Promise<void> {
    const { intake, addresses, clock } = this.#parts;
    const inboxId = addresses.idOf(text);
    const inbox = inboxId === undefined ? undefined : await intake.ask('findInbox', inboxId);
    if (inbox === undefined || inbox.state === 'creating') throw addresses.elsewhere(text) ?? noSuch('inbox');
    if (inbox.state === 'active') await intake.ask('deleteInbox', { inboxId: inbox.inboxId, atMs: clock.wallMs() });
    await this.#inTurn(inbox.inboxId, () => this.#erase(inbox.inboxId));
  }

  /** Ends what a crash or an outage has left half done, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#settle();
      await this.#parts.clock.sleep(SETTLE_AGAIN_MS, signal);
    }
  }

  async #settle(): Promise<void> {
    const { intake, log } = this.#parts;
    try {
      for (const { inboxId, state } of await intake.ask('unsettledInboxes', null)) {
        if (this.#inHand.has(inboxId)) continue;
        const work = state === 'deleting' ? () => this.#erase(inboxId) : () => this.#settleCreation(inboxId);
        await this.#inTurn(inboxId, work);
      }
    } catch (error) {
      const expected = mailboxErrorOf(error);
      if (expected === undefined) throw error;
      log.warn('mailbox.unsettled', { message: `Inboxes that are half made or deleted wait: ${expected.message}` });
    }
  }

  async #settleCreation(inboxId: string): Promise<void> {
    const { intake, addresses, clock } = this.#parts;
    const { state, agentId } = (await intake.ask('findInbox', inboxId)) ?? {};
    // It may have become active since, or be gone.
    if (state !== 'creating') return;
    const owner = addresses.ownerOf(inboxId);
    if (owner !== undefined && owner === agentId)
      await intake.ask('activateInbox', { inboxId, agentId, atMs: clock.wallMs() });
    else await intake.ask('dropInbox', inboxId);
  }

  async #draft({ username, domain, pod, isOfPod = false, ...wish }: InboxWish): Promise<InboxDraft> {
    const { displayName, clientId, metadata, agentId } = wish;
    const { addresses, domains: brought, random, clock } = this.#parts;
    const own = pod === undefined ? this.#parts.domain : podDomain(pod, this.#parts.domain);
    const hosts = isOfPod ? [own] : [own, this.#parts.domain];
    const asked = { domain: domain ?? '', podId: pod?.podId, isOfPod };
    const verified = domain === undefined ? undefined : await brought.verified(asked);
    // Whose domain it is, a pod is not told.
    if (domain !== undefined && !isOfPod && (await brought.isOfAnother(asked))) throw ofAnother(domain);
    const named = { username: username ?? drawnName(random), domain: verified ?? domain ?? own };
    const domains = verified === undefined ? hosts : [...hosts, verified];
    const inboxId = addresses.wanted(named, { domains, isOwnedEnough: !isOfPod });
    const makesAgent = agentId === undefined;
    return {
      ...{ inboxId, podId: pod?.podId, makesAgent, displayName, clientId, metadata, atMs: clock.wallMs() },
      agentId: agentId ?? newUuid(random),
    };
  }

  /** Another request has written the row before. */
  async #known(begun: Exclude<BegunInbox, { outcome: 'begun' }>, { agentId: wanted }: InboxWish): Promise<Inbox> {
    if (begun.outcome === 'full')
      throw new MailboxError('limit_exceeded', `This host keeps at most ${INBOXES_MAX} inboxes.`);
    if (begun.outcome === 'podless') throw noSuch('pod');
    const { inboxId, state } = begun.inbox;
    const isLost = this.#parts.addresses.ownerOf(inboxId) === undefined;
    if (begun.outcome === 'taken') throw isLost && state === 'active' ? lost(begun.inbox) : taken(inboxId);
    if (state === 'active')
      return isLost ? await this.#inTurn(inboxId, () => this.#claimAgain(inboxId, wanted)) : begun.inbox;
    await this.#inHand.get(inboxId)?.catch(() => undefined);
    const settled = await this.#parts.intake.ask('findInbox', inboxId);
    if (settled?.state === 'active') return settled;
    throw new MailboxError('service_unavailable', `The inbox '${inboxId}' was being made; ask again.`);
  }

  /** `owner`: the agent of this host that has the address already; `wanted`: the agent that shall have it. */
  async #claim({ inboxId, agentId = '', displayName }: Inbox, owner: string | undefined, wanted: string | undefined) {
    const { intake, addresses, clock } = this.#parts;
    try {
      if (owner !== undefined && wanted !== undefined && owner !== wanted) throw taken(inboxId);
      if (owner === undefined)
        await addresses.claim({ inboxId, agentId, isNewAgent: wanted === undefined, displayName });
    } catch (error) {
      await intake.ask('dropInbox', inboxId);
      throw error;
    }
    return await intake.ask('activateInbox', { inboxId, agentId, atMs: clock.wallMs() });
  }

  /**
   * The address was taken from the inbox by other routes, and its mail is still here. Which agent shall have it is written down first, so that
   * a crash behind the claim leaves an inbox whose agent is known.
   */
  async #claimAgain(inboxId: string, wanted: string | undefined): Promise<Inbox> {
    const { intake, addresses, random, clock } = this.#parts;
    const inbox = await intake.ask('findInbox', inboxId);
    if (inbox?.state !== 'active')
      throw new MailboxError('service_unavailable', `The inbox '${inboxId}' has gone; ask again.`);
    if (addresses.ownerOf(inboxId) !== undefined) return inbox;
    const { agentId: before, displayName } = inbox;
    if (wanted !== undefined) addresses.refuseStranger(wanted);
    const known = wanted ?? (before !== undefined && addresses.hasAgent(before) ? before : undefined);
    const agentId = known ?? newUuid(random);
    const makesAgent = known === undefined || (known === before && inbox.makesAgent);
    const changed = await intake.ask('activateInbox', { inboxId, agentId, makesAgent, atMs: clock.wallMs() });
    await addresses.claim({ inboxId, agentId, isNewAgent: known === undefined, displayName });
    return changed;
  }

  async #erase(inboxId: string): Promise<void> {
    const { intake, addresses, cancelSends, endWebhooks, forgetSent } = this.#parts;
    const inbox = await intake.ask('findInbox', inboxId);
    // Somebody else may have erased it since it was looked for, and another may have its address by now.
    if (inbox?.state !== 'deleting') return;
    const { agentId, makesAgent } = inbox;
    await cancelSends(inboxId);
    await endWebhooks(inboxId);
    while (await intake.ask('eraseMail', inboxId));
    if (agentId !== undefined) await addresses.release({ inboxId, agentId: agentId as AgentId, withAgent: makesAgent });
    // Last of what the node's own store has of the inbox, all of which is overwritten then.
    await forgetSent(inboxId);
    await intake.ask('dropInbox', inboxId);
  }

  /** One thing at a time is done with an inbox. */
  async #inTurn<Result>(inboxId: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#inHand.get(inboxId) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(work);
    this.#inHand.set(inboxId, turn);
    try {
      return await turn;
    } finally {
      if (this.#inHand.get(inboxId) === turn) this.#inHand.delete(inboxId);
    }
  }
}

function ofAnother(domain: string): MailboxError {
  const fix = 'Make the inbox in the pod that has brought the domain.';
  return new MailboxError('domain_not_verified', `'${domain}' is the domain of another pod.`, { fix });
}

function taken(inboxId: string): MailboxError {
  return new MailboxError('resource_taken', `The address '${inboxId}' is taken.`, { fix: 'Choose another username.' });
}

function lost({ inboxId, clientId }: Inbox): MailboxError {
  const message = `The inbox '${inboxId}' is here with its mail, but no agent of this host has its address any more.`;
  const again =
    clientId === undefined ? '' : `Create it with its client_id '${clientId}', which claims the address again; or `;
  const fix = `${again}give the address to an agent by POST /api/agents/:id/email/addresses; or delete the inbox first.`;
  return new MailboxError('resource_taken', message, { fix: fix.charAt(0).toUpperCase() + fix.slice(1) });
}
