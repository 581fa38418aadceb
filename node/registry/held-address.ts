// One address as the email index lists it: its entry, and the texts that answers are made of, written once and kept.
import type { IndexEntry, ListedEntry } from '../../mesh/lookup/index-entry.ts';
import { mainKeyOf, memberJson } from '../../mesh/lookup/index-key.ts';
import type { EmailAddress } from '../../mesh/names.ts';
import type { AgentAddress, AgentHead } from './agent.ts';

/** What the index needs to know of its own host; asked anew each time, for hosts.json may be edited. */
export interface IndexHost {
  /** `hostUrl` of every entry. */
  readonly url: string;
}

/** One address that an agent of this host holds. */
export class HeldAddress implements ListedEntry {
  readonly agent: AgentHead;
  readonly source: AgentAddress;
  readonly #self: () => IndexHost;
  #mapJson = '';
  #jsonUrl: string | undefined;

  constructor(agent: AgentHead, source: AgentAddress, self: () => IndexHost) {
    this.agent = agent;
    this.source = source;
    this.#self = self;
  }

  get address() {
    return this.source.address;
  }

  get key() {
    return this.source.key;
  }

  get entry(): IndexEntry {
    const { displayName, primary, metadata } = this.source;
    return {
      agentId: this.agent.id,
      agentName: this.agent.name,
      hostId: this.agent.hostId,
      hostUrl: this.#self().url,
      ...(displayName === undefined ? {} : { displayName }),
      primary,
      ...(metadata === undefined ? {} : { metadata }),
    };
  }

  /** What the index lists it under. */
  get mainKey(): EmailAddress {
    return mainKeyOf(this);
  }

  /** `{"address":{…}}`, the answer to a look-up of this address by its main key, written once and kept. */
  get mapJson(): string {
    const { url } = this.#self();
    if (this.#jsonUrl !== url) {
      this.#mapJson = `{${memberJson(this.mainKey, this, this.entry)}}`;
      this.#jsonUrl = url;
    }
    return this.#mapJson;
  }

  /** `{"address":{…}}`, the answer to a look-up by any spelling of the address. */
  mapJsonUnder(spelling: EmailAddress): string {
    return spelling === this.mainKey ? this.mapJson : `{${memberJson(spelling, this, this.entry)}}`;
  }

  /** `"address":{…}`, its members of the whole map: two, if its Unicode spelling is not the main key. */
  get json(): string {
    const main = this.mapJson.slice(1, -1);
    return this.address === this.mainKey ? main : `${main},${memberJson(this.address, this, this.entry)}`;
  }
}
