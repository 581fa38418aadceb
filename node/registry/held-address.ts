// One address as the email index lists it: its entry, and the texts that answers are made of, written once and kept.
import type { IndexEntry, ListedEntry } from '../../mesh/lookup/index-entry.ts';
import { mainKeyOf, memberJson } from '../../mesh/lookup/index-key.ts';
import type { EmailAddress } from '../../mesh/names.ts';
import type { AddressSource, AgentHead } from './agent.ts';
import { metadataJsonOf } from './packed-agents.ts';

/** Printable ASCII that JSON leaves as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** What the index needs to know of its own host; asked anew each time, for hosts.json may be edited. */
export interface IndexHost {
  /** `hostUrl` of every entry. */
  readonly url: string;
}

/** One address that an agent of this host holds. */
export class HeldAddress implements ListedEntry {
  readonly agent: AgentHead;
  readonly source: AddressSource;
  readonly #self: () => IndexHost;
  #mapJson = '';
  #jsonUrl: string | undefined;

  constructor(agent: AgentHead, source: AddressSource, self: () => IndexHost) {
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
      this.#mapJson = `{${quoted(this.mainKey)}:${this.#entryJson(url)}}`;
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
  /** `entry` as JSON, which takes half the time by hand. */
  #entryJson(url: string): string {
    const { id, name, hostId } = this.agent;
    const { displayName, primary } = this.source;
    const metadata = metadataJsonOf(this.source);
    const owner = `"agentId":${quoted(id)},"agentName":${quoted(name)},"hostId":${quoted(hostId)},"hostUrl":${quoted(url)}`;
    const shown = displayName === undefined ? '' : `,"displayName":${quoted(displayName)}`;
    return `{${owner}${shown},"primary":${primary}${metadata === undefined ? '' : `,"metadata":${metadata}`}}`;
  }
}

/** The text as JSON. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
