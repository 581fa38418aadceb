// Adding, changing and removing one address of an agent. Locks are taken in the order that agents.ts states.

import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, AgentId, ClaimId } from '../../mesh/names.ts';
import type { Write } from '../../mesh/ports.ts';
import type { Rival } from '../../mesh/state/claim-store.ts';
import { withAddress, withDetails, withoutAddress } from './address-list.ts';
import type { Agent, AgentAddress } from './agent.ts';
import type { Changed } from './agents.ts';
import { lockDeadline, type RegistryParts } from './registry-parts.ts';
import type { AddressPatch, NewAddress } from './schemas.ts';
import { ADDRESSES_PER_AGENT_MAX, parseWanted, tooMany } from './wanted-addresses.ts';

export interface Added {
  readonly agent: Agent;
  readonly address: AgentAddress;
  /** False when the agent held it already; then nothing changed. */
  readonly isNew: boolean;
}

/** What else is written when an agent loses an address. */
type WritesOf = (agent: Agent, entry: AgentAddress) => readonly Write[];

export class Addresses {
  readonly #parts: RegistryParts;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Throws `not_found`, `invalid_address`, `limit_exceeded`, `conflict` or `uniqueness_unavailable`. */
  async add(id: AgentId, input: NewAddress): Promise<Added> {
    const { table, writer, addressClaims, locks, parseAddress, clock } = this.#parts;
    const wanted = parseWanted(parseAddress, input, 'address');
    const askedMs = clock.monotonicMs();
    const untilMs = lockDeadline(clock);
    using _agentLock = await locks.lock(id, untilMs);
    const before = table.get(id);
    const present = before.addresses.find((entry) => entry.key === wanted.key);
    if (present !== undefined) return { agent: before, address: present, isNew: false };
    if (before.addresses.length >= ADDRESSES_PER_AGENT_MAX) throw tooMany('address');
    const addresses = withAddress(before.addresses, wanted, addressClaims.newClaim());
    // The new one stands last.
    const gained = addresses.slice(-1) as [AgentAddress];
    using _addressLock = await addressClaims.lock(gained, untilMs);
    const intentsDone = await addressClaims.claim(before, gained, {
      askedMs,
      given: new Map([[wanted.key, input.address]]),
    });
    const agent = await writer.save(before, { ...before, addresses }, intentsDone);
    return { agent, address: gained[0], isNew: true };
  }

  /** Throws `not_found` or `invalid_request`. */
  async patch(id: AgentId, text: string, patch: AddressPatch): Promise<Agent> {
    const { table, writer, locks, clock } = this.#parts;
    using _agentLock = await locks.lock(id, lockDeadline(clock));
    const before = table.get(id);
    const { key } = this.#find(before, text);
    const addresses = withDetails(before.addresses, key, patch);
    // Awaited here: the turn ends when this function returns.
    return await writer.save(before, { ...before, addresses }, []);
  }

  /**
   * Asks the voters about addresses of this host, at most `KEYS_PER_MESSAGE_MAX`; those that nobody holds any more are left out.
   * Resolves with those that others claim too. Throws `uniqueness_unavailable`, `overloaded`.
   */
  async confirm(keys: readonly AddressKey[]): Promise<readonly Rival[]> {
    const { table, addressClaims, clock } = this.#parts;
    const heldBy = (key: AddressKey) => {
      const agent = table.holderOf(key);
      const entry = agent?.addresses.find((one) => one.key === key);
      return agent === undefined || entry === undefined ? [] : [{ agent, entry }];
    };
    // Released meanwhile, it must not be taken again; claimed meanwhile, it is somebody else's turn.
    const ours = keys.filter((key) => table.holderOf(key) !== undefined);
    using _lock = await addressClaims.lock(
      ours.flatMap(heldBy).map(({ entry }) => entry),
      lockDeadline(clock),
    );
    const held = ours.flatMap(heldBy);
    return held.length === 0 ? [] : await addressClaims.confirm(held);
  }

  /**
   * Takes an address from its agent, because the voters have the claim `standing` of it; `writesOf` is in the same commit. Nothing
   * happens when that is the agent's own, or nobody here holds the address any more.
   */
  concede(key: AddressKey, standing: ClaimId, writesOf: WritesOf): Promise<void> {
    return this.#take(key, ({ claimId }) => claimId !== standing, writesOf);
  }

  /** Takes an address from its agent, because the voters have ended that claim of it. Nothing happens when the agent has it by another claim. */
  giveUp(key: AddressKey, ended: ClaimId): Promise<void> {
    return this.#take(
      key,
      ({ claimId }) => claimId === ended,
      () => [],
    );
  }

  async #take(key: AddressKey, isMeant: (entry: AgentAddress) => boolean, writesOf: WritesOf): Promise<void> {
    const { table, writer, addressClaims, locks, clock } = this.#parts;
    const id = table.holderOf(key)?.id;
    if (id === undefined) return;
    const untilMs = lockDeadline(clock);
    using _agentLock = await locks.lock(id, untilMs);
    const before = table.find(id);
    const entry = before?.addresses.find((one) => one.key === key && isMeant(one));
    if (before === undefined || entry === undefined) return;
    using _addressLock = await addressClaims.lock([entry], untilMs);
    const addresses = withoutAddress(before.addresses, key);
    const writes = [...addressClaims.releaseWrites([entry]), ...writesOf(before, entry)];
    await writer.save(before, { ...before, addresses }, writes);
    // Should it linger at a voter, it is released in the background.
    void addressClaims.release([entry]);
  }

  /** Throws `not_found`. */
  async remove(id: AgentId, text: string): Promise<Changed> {
    const { table, writer, addressClaims, locks, clock } = this.#parts;
    const untilMs = lockDeadline(clock);
    using agentLock = await locks.lock(id, untilMs);
    const before = table.get(id);
    const lost = [this.#find(before, text)];
    using _addressLock = await addressClaims.lock(lost, untilMs);
    const addresses = lost.reduce((list, entry) => withoutAddress(list, entry.key), before.addresses);
    const agent = await writer.save(before, { ...before, addresses }, addressClaims.releaseWrites(lost));
    agentLock[Symbol.dispose]();
    return { agent, releasing: await addressClaims.release(lost) };
  }

  /**
   * The agent's address that `text` names, in any spelling that means the same mailbox. A text that does not parse is looked for as it is:
   * an address that was accepted under earlier settings can still be read and deleted. Throws `not_found`.
   */
  get(id: AgentId, text: string): AgentAddress {
    return this.#find(this.#parts.table.get(id), text);
  }

  #find(agent: Agent, text: string): AgentAddress {
    const parsed = this.#parts.parseAddress(text);
    const entry = agent.addresses.find((held) => (parsed.valid ? held.key === parsed.key : held.address === text));
    if (entry !== undefined) return entry;
    throw new MeshError('not_found', `Agent '${agent.name}' does not hold the address '${text.slice(0, 320)}'.`);
  }
}
