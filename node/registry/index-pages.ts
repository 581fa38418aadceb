// The agents of the email index in pages, each of which is kept as the octets that the whole index has of it.
import { HeldAddress, type IndexHost } from './held-address.ts';
import { type KeptAgent, unpacked } from './packed-agents.ts';

/** An agent that the index knows. */
export interface IndexedAgent {
  readonly agent: KeptAgent;
  /** What the table of holders calls it. */
  readonly number: number;
  readonly page: IndexPage;
}

/** In the order that the agent has them in. */
export function heldBy(agent: KeptAgent, self: () => IndexHost): readonly HeldAddress[] {
  return unpacked(agent).addresses.map((source) => new HeldAddress(agent, source, self));
}

/** Some of the agents, as one run of bytes: members of the map without its braces. Empty while none has an address to show. */
export class IndexPage {
  /** By their numbers, which are hashed in no time. */
  readonly #agents = new Map<number, IndexedAgent>();
  readonly #self: () => IndexHost;
  #bytes: Buffer<ArrayBuffer> | undefined;

  constructor(self: () => IndexHost) {
    this.#self = self;
  }

  set(indexed: IndexedAgent): void {
    this.#agents.set(indexed.number, indexed);
  }

  delete({ number }: IndexedAgent): void {
    this.#agents.delete(number);
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
        .flatMap(({ agent }) => (agent.emailEnabled ? heldBy(agent, this.#self).map((held) => held.json) : []))
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
