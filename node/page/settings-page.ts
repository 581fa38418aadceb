// Which settings are in force, and where each came from. Of a secret it is said that there is one, and nothing else.
import type { ShownSetting } from '../settings.ts';
import { reading } from './asker.ts';
import type { PageDoor } from './door.ts';
import { breakable, table } from './fragments.ts';
import { markup } from './markup.ts';

export function settingsPage(door: PageDoor, settings: readonly ShownSetting[]): void {
  door.show('/page/settings', {
    section: 'settings',
    // They say where things lie and whom the node may call, which is for who may do everything.
    needs: () => reading('keys'),
    view: () => ({
      title: 'Settings',
      body: markup`<p>As this node was started. A change takes effect with the next start; hosts.json alone is watched.</p>
${table({
  caption: 'Every setting of a node',
  columns: ['Setting', 'In force', 'From', 'Meaning'],
  empty: 'The settings of this node are not known to its page.',
  rows: settings.map(({ variable, text, from, help }) => [
    markup`<code class="whole">${variable}</code>`,
    text === undefined ? markup`<span class="dim">not set</span>` : markup`<code>${breakable(text)}</code>`,
    from,
    help,
  ]),
})}`,
    }),
  });
}
