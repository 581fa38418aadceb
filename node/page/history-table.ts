// What became of an address or an agent, as the change log has it.
import type { HistoryPage } from '../changes/history.ts';
import { moment, table, wholeNames } from './fragments.ts';
import { type Markup, markup } from './markup.ts';

const WORDS = { shown: 'given to the agent', changed: 'changed', gone: 'taken away' } as const;

export function historyTable({ history, keptSince }: HistoryPage, nowMs: number): Markup {
  const rows = history.map((item) => [
    moment(item.timestamp, nowMs),
    item.address === undefined ? wholeNames([item.event]) : WORDS[item.address],
    markup`<a href="/page/agents/${encodeURIComponent(item.agent.id)}">${item.agent.name}</a> <span class="dim">on ${item.agent.hostId}</span>`,
    told(item.changes),
  ]);
  return table({
    caption:
      keptSince === null
        ? 'Nothing is in the log yet'
        : `Oldest first; the log is kept from ${keptSince.slice(0, 19).replace('T', ' ')} on`,
    columns: ['When', 'What', 'Agent', 'Addresses'],
    empty: 'The log has nothing of it, or nothing any more.',
    rows,
  });
}

/** What another host says of its changes may have another form than it has here. */
export function told(changes: object): string {
  const signs: Readonly<Record<string, string>> = { added: '+', removed: '−', modified: '~', fields: '~' };
  const parts = Object.entries(changes).flatMap(([name, list]) =>
    signs[name] === undefined || !Array.isArray(list) ? [] : list.map((one) => `${signs[name]}\u00a0${String(one)}`),
  );
  return parts.length === 0 ? '–' : parts.join('\n');
}
