// The agents of the email index in pages, each of which is kept as the octets that the whole index has of it.
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { AgentAddress } from './agent.ts';
import { HeldAddress, type IndexHost } from './held-address.ts';
import { type KeptAgent, PackedAgent, unpacked } from './packed-agents.ts';

/** An agent with what the index shows of it. The entries are made when somebody asks for them, and of an address asked for alone kept. */
export class IndexedAgent {
  readonly agent: KeptAgent;
  /** What the table of holders calls it. */
  readonly number: number;
  readonly page: IndexPage;
  readonly #self: () => IndexHost;
  #kept: HeldAddress[] | undefined;

  constructor(agent: KeptAgent, { number, page }: { number: number; page: IndexPage }, self: () => IndexHost) {
    this.agent = agent;
    this.number = number;
    this.page = page;
    this.#self = self;
  }

  keys(): Iterable<AddressKey> {
    return this.agent instanceof PackedAgent ? this.agent.keys() : this.agent.addresses.map(({ key }) => key);
  }

  holds(key: string): boolean {
    return this.agent instanceof PackedAgent
      ? this.agent.holds(key)
      : this.agent.addresses.some((entry) => entry.key === key);
  }

  source(key: AddressKey): AgentAddress | undefined {
    return this.agent instanceof PackedAgent
      ? this.agent.address(key)
      : this.agent.addresses.find((entry) => entry.key === key);
  }

  held(key: AddressKey): HeldAddress | undefined {
    for (const held of this.#kept ?? []) if (held.key === key) return held;
    const source = this.source(key);
    if (source === undefined) return undefined;
    const held = new HeldAddress(this.agent, source, this.#self);
    this.#kept ??= [];
    this.#kept.push(held);
    return held;
  }

  /** In the order that the agent has them in. */
  all(): readonly HeldAddress[] {
    return unpacked(this.agent).addresses.map((source) => new HeldAddress(this.agent, source, this.#self));
  }
}

/** Some of the agents, as one run of bytes: members of the map without its braces. Empty while none has an address to show. */
export class IndexPage {
  readonly #agents = new Map<AgentId, IndexedAgent>();
  #bytes: Buffer<ArrayBuffer> | undefined;

  set(indexed: IndexedAgent): void {
    this.#agents.set(indexed.agent.id, indexed);
  }

  delete(agentId: AgentId): void {
    this.#agents.delete(agentId);
    this.outdate();
  }

  outdate(): void {
    this.#bytes = undefined;
  }

  /** Makes the octets now, so that they are there when somebody asks for them. */
  write(): void {
    void this.bytes;
  }

  get bytes(): Buffer<ArrayBuffer> {
    this.#bytes ??= Buffer.from(
      [...this.#agents.values()]
        .flatMap((indexed) => (indexed.agent.emailEnabled ? indexed.all().map((held) => held.json) : []))
        .join(','),
    );
    return this.#bytes;
  }
}

/** The whole map, of all pages. */
export function joinPages(pages: readonly IndexPage[]): Uint8Array<ArrayBuffer> {
  const comma = Buffer.from(',');
  const full = pages.map((page) => page.bytes).filter((bytes) => bytes.byteLength > 0);
  const parts = full.flatMap((bytes, index) => (index === 0 ? [bytes] : [comma, bytes]));
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]);
}
