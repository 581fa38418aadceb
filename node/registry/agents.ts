// Creating, changing and deleting agents. Each mutation takes its locks in one order (the agent's id, then the new name, then
// addresses sorted by key; one lock of each of the first two kinds), so no two mutations can wait for each other in a circle.
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { MeshError } from '../../mesh/errors.ts';
import type { AgentId, EmailAddress } from '../../mesh/names.ts';
import { KeyedLock, tooManyChanges } from '../../mesh/time/keyed-lock.ts';
import { replaced, type WantedAddress } from './address-list.ts';
import type { Agent, AgentAddress } from './agent.ts';
import { nameKey } from './agent-table.ts';
import { AGENT_METADATA_BYTES_MAX, type Metadata, mergedMetadata } from './metadata.ts';
import { lockDeadline, type RegistryParts } from './registry-parts.ts';
import type { AgentPatch, NewAgent } from './schemas.ts';
import { givenTexts, parseWantedList } from './wanted-addresses.ts';

export interface Created {
  readonly agent: Agent;
  /** False when the same request had made it before. */
  readonly isNew: boolean;
}

export interface Changed {
  readonly agent: Agent;
  /** Released addresses whose release the voters have not confirmed yet. */
  readonly releasing: readonly EmailAddress[];
}

const LIST_FIELD = 'tools.email.addresses';

export class Agents {
  readonly #parts: RegistryParts;
  readonly #names: KeyedLock;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.#names = new KeyedLock({ clock: parts.clock, refusal: tooManyChanges('name') });
  }

  /**
   * Makes an agent with all of its addresses, or none of it. The same client-given id and the same body again is the same
   * agent. Throws `id_taken`, `name_taken`, `limit_exceeded`, `invalid_address`, `conflict`, `uniqueness_unavailable`.
   */
  async create(input: NewAgent): Promise<Created> {
    const { table, writer, addressClaims, locks } = this.#parts;
    const wishes = input.tools?.email?.addresses ?? [];
    const wanted = parseWantedList(this.#parts.parseAddress, wishes, LIST_FIELD);
    const draft = this.#draft(input, wanted);
    const askedMs = this.#parts.clock.monotonicMs();
    const untilMs = lockDeadline(this.#parts.clock);
    using _agentLock = await locks.lock(draft.id, untilMs);
    const twin = table.find(draft.id);
    if (twin !== undefined) return { agent: sameOrRefuse(twin, draft), isNew: false };
    using _nameLock = await this.#names.lock(nameKey(draft.name), untilMs);
    table.refuseTakenName(draft.name, undefined);
    using _sequence = input.id === undefined ? undefined : await writer.beginAgain(draft.id);
    using _addressLocks = await addressClaims.lock(draft.addresses, untilMs);
    const intentsDone = await addressClaims.claim(draft, draft.addresses, {
      askedMs,
      given: givenTexts(wishes, wanted),
    });
    return { agent: await writer.save(undefined, draft, intentsDone), isNew: true };
  }

  /**
   * RFC 7396: claims what is new first, all or nothing, then releases what is gone. Throws `not_found` and what `create` does.
   */
  async patch(id: AgentId, patch: AgentPatch): Promise<Changed> {
    const { table, writer, addressClaims, locks, clock } = this.#parts;
    const wanted = this.#wantedList(patch);
    const askedMs = clock.monotonicMs();
    const untilMs = lockDeadline(clock);
    using agentLock = await locks.lock(id, untilMs);
    const before = table.get(id);
    const after = this.#patched(before, patch, wanted);
    using _nameLock = before.name === after.name ? undefined : await this.#names.lock(nameKey(after.name), untilMs);
    table.refuseTakenName(after.name, id);
    const gained = missingFrom(before, after);
    const lost = missingFrom(after, before);
    using _addressLocks = await addressClaims.lock([...gained, ...lost], untilMs);
    const intentsDone = await addressClaims.claim(after, gained, {
      askedMs,
      given: givenTexts(patch.tools?.email?.addresses ?? [], wanted ?? []),
    });
    const agent = await writer.save(before, after, [...intentsDone, ...addressClaims.releaseWrites(lost)]);
    // The agent is free for the next change while the voters hear of this one; its addresses are not.
    agentLock[Symbol.dispose]();
    return { agent, releasing: await addressClaims.release(lost) };
  }

  /** Removes the agent and gives its addresses up; resolves with those not confirmed as released. Throws `not_found`. */
  async remove(id: AgentId): Promise<readonly EmailAddress[]> {
    const { table, writer, addressClaims, locks, clock } = this.#parts;
    const untilMs = lockDeadline(clock);
    using agentLock = await locks.lock(id, untilMs);
    const before = table.get(id);
    const lost = before.addresses;
    using _addressLocks = await addressClaims.lock(lost, untilMs);
    await writer.remove(before, addressClaims.releaseWrites(lost));
    agentLock[Symbol.dispose]();
    // Awaited here: the turns on the addresses end when this function returns.
    return await addressClaims.release(lost);
  }

  /** The agent as asked for; `writer.save` sets its times and sequence. */
  #draft(input: NewAgent, wanted: readonly WantedAddress[]): Agent {
    const { newUuid, hostId } = this.#parts;
    const emailEnabled = input.tools?.email?.enabled ?? true;
    const label = input.label ?? null;
    const metadata = withMetadata(input.metadata ?? undefined);
    // An agent that was made before there was metadata has the fingerprint that it had.
    const said = [input.name, label, emailEnabled, wanted, ...Object.values(metadata)];
    return {
      id: input.id ?? (newUuid() as AgentId),
      name: input.name,
      label,
      hostId,
      emailEnabled,
      ...metadata,
      addresses: replaced([], wanted, this.#parts.addressClaims.newClaim),
      createdAt: '',
      updatedAt: '',
      sequence: 0,
      ...(input.id === undefined ? {} : { createdFrom: fingerprint(said) }),
    };
  }

  /** The list a patch asks for; `undefined` when it says nothing of it. What is `null` is gone, and so is what it holds. */
  #wantedList({ tools }: AgentPatch): readonly WantedAddress[] | undefined {
    if (tools === null || tools?.email === null || tools?.email?.addresses === null) return [];
    const addresses = tools?.email?.addresses;
    return addresses === undefined ? undefined : parseWantedList(this.#parts.parseAddress, addresses, LIST_FIELD);
  }

  #patched(before: Agent, patch: AgentPatch, wanted: readonly WantedAddress[] | undefined): Agent {
    const { metadata, ...kept } = before;
    return {
      ...kept,
      ...withMetadata(
        patch.metadata === undefined ? metadata : mergedMetadata(metadata, patch.metadata, AGENT_METADATA_BYTES_MAX),
      ),
      name: patch.name ?? before.name,
      label: patch.label === undefined ? before.label : patch.label,
      emailEnabled: enabledAfter(before.emailEnabled, patch),
      addresses:
        wanted === undefined
          ? before.addresses
          : replaced(before.addresses, wanted, this.#parts.addressClaims.newClaim),
    };
  }
}

/** What is empty is left out, so that "none" has one form. */
function withMetadata(metadata: Metadata | undefined): { readonly metadata?: Metadata } {
  return metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata };
}

/** A removed member has its default again: enabled. */
function enabledAfter(before: boolean, { tools }: AgentPatch): boolean {
  if (tools === undefined || tools?.email === undefined) return tools === null ? true : before;
  if (tools.email === null || tools.email.enabled === null) return true;
  return tools.email.enabled ?? before;
}

function missingFrom(one: Agent, other: Agent): readonly AgentAddress[] {
  if (one.addresses === other.addresses) return [];
  const held = new Set(one.addresses.map((entry) => entry.key));
  return other.addresses.filter((entry) => !held.has(entry.key));
}

function sameOrRefuse(twin: Agent, draft: Agent): Agent {
  if (twin.createdFrom !== undefined && twin.createdFrom === draft.createdFrom) return twin;
  const message = `An agent with id '${twin.id}' exists on this host already, made from another request.`;
  throw new MeshError('id_taken', message, { field: 'id' });
}

/** SHA-256, hex, of a parsed request: the order of its members and how they were spelt don't matter. */
function fingerprint(request: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(request, sortedMembers))));
}

function sortedMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
