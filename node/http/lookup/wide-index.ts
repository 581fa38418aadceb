// The email index where it shows the whole mesh: this host's own entries, and behind them what its copy knows of the others. For gateways that
// know the plain index alone.
import { answerFromCopy, type CopyPorts, copiedRows } from '../../../mesh/lookup/copy-answer.ts';
import type { ListedEntry, Question } from '../../../mesh/lookup/index-entry.ts';
import { memberJson, membersJson } from '../../../mesh/lookup/index-key.ts';
import { parseAgentId } from '../../../mesh/names.ts';
import type { Roster } from '../../../mesh/roster.ts';
import type { EmailIndex } from '../../registry/email-index.ts';
import { joinInTurns, LongLists } from '../streams/long-list.ts';
import type { Asked } from './index-question.ts';

export interface WideIndexOptions extends CopyPorts {
  readonly index: EmailIndex;
  /** Changes with what the copy shows. */
  readonly copyVersion: () => number;
}

export class WideIndex {
  readonly #options: WideIndexOptions;
  readonly #lists = new LongLists();
  /** An entry tells where its host is reached, by hosts.json: so another hosts.json is another index. */
  #roster: Roster | undefined;
  #rosters = 0;
  #written: { readonly etag: string; readonly body: Promise<Uint8Array<ArrayBuffer>> } | undefined;

  constructor(options: WideIndexOptions) {
    this.#options = options;
  }

  /** The ETag of the whole map. Strong, quotes included. */
  get etag(): string {
    const { index, copyVersion, roster } = this.#options;
    const now = roster();
    if (now !== this.#roster) this.#rosters += 1;
    this.#roster = now;
    return `"${index.etag.slice(1, -1)}-${copyVersion()}-${this.#rosters}"`;
  }

  /** JSON: the bare map of everybody's addresses, written in turns. Rejects with `rate_limited`. */
  whole(): Promise<Uint8Array<ArrayBuffer>> {
    const { etag } = this;
    if (this.#written?.etag === etag) return this.#written.body;
    const body = this.#lists.make(() => this.#write());
    const written = { etag, body };
    this.#written = written;
    body.catch(() => {
      if (this.#written === written) this.#written = undefined;
    });
    return body;
  }

  /** JSON: the bare map of what is asked; `undefined` for an agent that nobody is known to have. */
  map({ addresses, agentId }: Asked): string | undefined {
    const id = agentId === undefined ? undefined : parseAgentId(agentId);
    const agent = id === undefined ? {} : { agentId: id };
    if (agentId !== undefined && (id === undefined || !this.#knows(agent))) return undefined;
    if (addresses === undefined)
      return `{${this.#all(agent)
        .map((one) => membersJson(one, one.entry))
        .join(',')}}`;
    for (const { address, key, spelling } of addresses) {
      const [first] = this.#all({ address: { address, key }, ...agent });
      if (first !== undefined) return `{${memberJson(spelling, first, first.entry)}}`;
    }
    return '{}';
  }

  #knows({ agentId }: Question): boolean {
    if (agentId === undefined) return true;
    return this.#options.index.hasAgent(agentId) || copiedRows(this.#options, { agentId }).length > 0;
  }

  /** Own entries first. An address that this host shows is this host's: the copy may be behind. */
  #all(question: Question): readonly ListedEntry[] {
    const { index } = this.#options;
    const own = index.answer(question);
    return [...own, ...copiedRows(this.#options, question).filter(({ key }) => index.byAddress(key) === undefined)];
  }

  async #write(): Promise<Uint8Array<ArrayBuffer>> {
    const { index, clock } = this.#options;
    const local = (question: Question) => index.answer(question);
    const emails = await answerFromCopy({ ...this.#options, local }, {});
    const members = await joinInTurns(emails.values(), clock, (one) => membersJson(one, one.entry));
    return Buffer.concat([Buffer.from('{'), members, Buffer.from('}')]);
  }
}
