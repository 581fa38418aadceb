// A page of this host's own index: the addresses of some agents, the oldest agent first, those of one agent together. The order of agents never
// changes, so pages can be read one after the other while agents come and go, and across a restart.
import { NEXT_CURSOR } from '../../../mesh/lookup/index-pages.ts';
import type { AgentAge } from '../../registry/agent-age.ts';
import type { EmailIndex } from '../../registry/email-index.ts';
import { cursorBehind } from '../agent-cursor.ts';

/** Written in one turn of the event loop: a few milliseconds. */
const CHARACTERS_MAX = 2 * 1_024 * 1_024;
const AGENTS_AT_ONCE = 100;

/** Agents by their age, at most `limit` of them behind `after`. */
export type AgentPages = (after: AgentAge | undefined, limit: number) => readonly AgentAge[];

export interface PageQuestion {
  readonly after: AgentAge | undefined;
  /** Addresses in the page, and agents that are looked at for it. */
  readonly limit: number;
}

/**
 * JSON: the bare map, with `nextCursor` where more agents follow. It may hold fewer addresses than `limit`, or none; more where a single agent
 * has more.
 */
export function indexPage(
  index: Pick<EmailIndex, 'byAgent'>,
  agents: AgentPages,
  { after, limit }: PageQuestion,
): string {
  const members: string[] = [];
  let last = after;
  let [seen, addresses, characters] = [0, 0, 0];
  for (;;) {
    const some = agents(last, AGENTS_AT_ONCE);
    for (const agent of some) {
      const shown = index.byAgent(agent.id);
      const isFull = addresses + shown.length > limit || characters > CHARACTERS_MAX;
      if (seen > 0 && (isFull || seen === limit)) return page(members, last);
      for (const { json } of shown) {
        members.push(json);
        characters += json.length;
      }
      last = agent;
      seen += 1;
      addresses += shown.length;
    }
    if (some.length < AGENTS_AT_ONCE) return page(members, undefined);
  }
}

function page(members: readonly string[], last: AgentAge | undefined): string {
  const next = last === undefined ? [] : [`"${NEXT_CURSOR}":${JSON.stringify(cursorBehind(last))}`];
  return `{${[...members, ...next].join(',')}}`;
}
