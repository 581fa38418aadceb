// Several hosts' claims joined by a network in memory: the node's own runner, stores and wire forms, in virtual time.

import type { Conversation } from '../../mesh/claims/conversation.ts';
import { nextCore } from '../../mesh/claims/core.ts';
import { CLAIM_QUESTIONS_PATH } from '../../mesh/claims/peer-questions.ts';
import { QuorumClaims } from '../../mesh/claims/quorum-claims.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { PeerTransport } from '../../mesh/ports.ts';
import { readClaimRecord } from '../../mesh/state/claim-record-door.ts';
import { CLAIM_PREFIX, emptyClaimRecords } from '../../mesh/state/claim-records.ts';
import type { DoubtCause } from '../../mesh/state/events.ts';
import type { ClaimMessage } from '../../mesh/state/messages.ts';
import type { RegisterTable } from '../../mesh/state/register-table.ts';
import { claimMessageSchema, questionSchema } from '../../mesh/state/schemas.ts';
import { type MemoryDisk, MemoryStore } from './memory-store.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface QuorumHost {
  readonly id: HostId;
  readonly claims: QuorumClaims;
  readonly store: MemoryStore;
  /** What the registry of this host would hold. */
  readonly held: Map<AddressKey, Owner>;
  /** The registers in its memory. */
  readonly registers: RegisterTable;
}

export class QuorumMesh {
  readonly clock = new VirtualClock();
  readonly hosts = new Map<HostId, QuorumHost>();
  /** Messages with items that crossed the network, in their order. */
  readonly messages: { readonly from: HostId; readonly to: HostId; readonly message: ClaimMessage }[] = [];
  /** Why hosts doubted what the voters know of them, in order. */
  readonly doubts: { readonly host: HostId; readonly why: DoubtCause }[] = [];
  readonly silent = new Set<HostId>();
  /** Hosts that refuse whatever they are asked, with this message. */
  readonly refusing = new Map<HostId, string>();
  /** Who carries the routine greetings of hosts that are started from now on. */
  conversationOf: (self: HostId) => Conversation | undefined = () => undefined;
  readonly #voters: readonly HostId[];
  #claims = 0;

  constructor(...ids: string[]) {
    this.#voters = [...ids].sort() as HostId[];
  }

  /** `owned`: addresses that its registry has. */
  async start(id: string, disk?: MemoryDisk, owned: readonly string[] = []): Promise<QuorumHost> {
    const self = id as HostId;
    const store = new MemoryStore(disk === undefined ? {} : { disk });
    const records = emptyClaimRecords();
    for await (const page of store.load(CLAIM_PREFIX)) for (const record of page) readClaimRecord(records, record);
    const held = new Map<AddressKey, Owner>();
    const registry = {
      holder: (key: AddressKey) => held.get(key),
      isEmpty: () => held.size === 0,
      keys: () => held.keys(),
    };
    const random = seededRandom([...this.hosts.keys()].length + 1);
    const wish = { voters: this.#voters, members: this.#voters };
    const log = () => undefined;
    const doubted = (why: DoubtCause) => this.doubts.push({ host: self, why });
    const conversation = this.conversationOf(self);
    const claims = new QuorumClaims({
      core: nextCore({ self, wish, records, registry, random }),
      journal: store,
      transport: this.#transport(self),
      clock: this.clock,
      random,
      log,
      doubted,
      ...(conversation === undefined ? {} : { conversation }),
    });
    // The core goes on with the very map that it was started with.
    const host = { id: self, claims, store, held, registers: records.registers };
    this.hosts.set(self, host);
    for (const address of owned) held.set(address as AddressKey, this.owner(host));
    host.claims.start();
    return host;
  }

  owner(host: QuorumHost): Owner {
    this.#claims += 1;
    const claimId = `claim-${this.#claims}-of-${host.id}` as ClaimId;
    return { hostId: host.id, agentId: 'agent' as AgentId, agentName: 'agent', claimId, since: '2026-01-27T12:00:00Z' };
  }

  #transport(from: HostId): PeerTransport {
    return {
      ask: async ({ to, path, body, answerMsMax }) => {
        const refusal = this.refusing.get(to);
        if (refusal !== undefined) return { status: 409, body: { error: 'membership_mismatch', message: refusal } };
        const host = this.hosts.get(to);
        if (host === undefined || this.silent.has(to) || this.silent.has(from)) {
          await this.clock.sleep(answerMsMax);
          throw new MeshError('peer_silent', `Host '${to}' did not answer.`);
        }
        const sent = JSON.parse(JSON.stringify(body));
        if (path === CLAIM_QUESTIONS_PATH) {
          const reply = await host.claims.receiveQuestion(from, questionSchema.parse(sent));
          return { status: 200, body: JSON.parse(JSON.stringify(reply)) };
        }
        const message = claimMessageSchema.parse(sent);
        this.messages.push({ from, to, message });
        return { status: 200, body: JSON.parse(JSON.stringify(await host.claims.receive(from, message))) };
      },
    };
  }
}
