// The page of a node: every part of it put together.
import { readFileSync } from 'node:fs';
import type { Context } from 'hono';
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { type HostId, parseAgentId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { History } from '../changes/history.ts';
import type { Conflicts } from '../conflicts/conflicts.ts';
import type { Copy } from '../feed/copy.ts';
import type { Page } from '../http/app.ts';
import type { HealthRoutesOptions } from '../http/routes/health.ts';
import type { Log } from '../log.ts';
import type { AgentTable } from '../registry/agent-table.ts';
import type { EmailIndex } from '../registry/email-index.ts';
import type { Sending } from '../send/send-service.ts';
import type { ShownSetting } from '../settings.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { AddressSearch } from './address-search.ts';
import { addressPages } from './addresses-page.ts';
import { agentPages } from './agent-page.ts';
import type { AskerServices } from './asker.ts';
import { type ChangesPageServices, changesPage } from './changes-page.ts';
import { conflictPages } from './conflicts-page.ts';
import { type DocsPageServices, docsPage } from './docs-page.ts';
import { PageDoor, visitorIn } from './door.ts';
import { loginPages } from './login.ts';
import { meshPage } from './mesh-page.ts';
import { secretAction } from './secret-rotation.ts';
import { sendingPages } from './sending-page.ts';
import { settingsPage } from './settings-page.ts';
import { subscriptionActions } from './subscription-actions.ts';
import { subscriptionPage } from './subscription-page.ts';
import { subscriptionsPage } from './subscriptions-page.ts';

/** What pages of a module are shown with. */
export interface PartServices {
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Absent: the agent is there no more. */
  readonly agentName: (id: string) => string | undefined;
}

/** What modules of the node bring to the page. */
export interface PageSources {
  readonly mesh: HealthRoutesOptions;
  readonly history: Pick<History, 'ask'>;
  readonly webhooks: Webhooks;
  readonly sending: Sending;
  readonly conflicts: Pick<Conflicts, 'page' | 'resolve' | 'has'>;
  readonly document: DocsPageServices['document'];
  /** Adds the pages of inboxes; absent where the host keeps none. */
  readonly mailbox?: (door: PageDoor, services: PartServices) => void;
}

export interface PageOptions extends AskerServices {
  readonly sources: PageSources;
  readonly index: EmailIndex;
  readonly copy: Copy;
  readonly table: Pick<AgentTable, 'find' | 'holderOf'>;
  readonly changes: ChangesPageServices['changes'];
  readonly settings: readonly ShownSetting[];
  readonly isLegacy: (id: HostId) => boolean;
  readonly roster: () => Roster;
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly log: Log;
  readonly version: string;
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#3d8fc4" d="M8 0l8 8-8 8-8-8z"/><circle cx="8" cy="8" r="3" fill="#fff"/></svg>';

export function openPage(options: PageOptions): Page {
  const { sources, gate, sessions, roster, clock, random, log, version, index, copy, table } = options;
  const { mesh, history, webhooks, sending, conflicts } = sources;
  const hasMailbox = sources.mailbox !== undefined;
  const door = new PageDoor({ gate, sessions, random, log, version, hasMailbox, hostId: () => roster().self.id });
  const search = new AddressSearch({ index, copy, clock }, () => roster().self.id);
  const origin = () => roster().self.url;
  const hosts = () => roster().hosts.map(({ id }) => id);
  door.file('/page/style.css', fileText('style.css'), 'text/css; charset=utf-8');
  door.file('/page/live.js', fileText('live.js'), 'text/javascript; charset=utf-8');
  door.file('/page/icon.svg', ICON, 'image/svg+xml');
  loginPages(door, { gate, sessions }, (c) => isEncrypted(c, roster()));
  meshPage(door, { mesh, clock, addressesOf: ({ id, isSelf }) => (isSelf ? index.size : copy.sizeOf(id)) });
  addressPages(door, { search, table, history, hosts, parseAddress: parseAnyAddress, clock });
  agentPages(door, { table, copy, history, sending, clock });
  subscriptionsPage(door, { webhooks, clock, origin });
  subscriptionPage(door, { webhooks, clock, origin });
  subscriptionActions(door, webhooks);
  secretAction(door, webhooks);
  const hostId = () => roster().self.id;
  conflictPages(door, { conflicts, isLegacy: options.isLegacy, parseAddress: parseAnyAddress, hostId, clock });
  sendingPages(door, { sending, clock });
  const agentName: PartServices['agentName'] = (id) => {
    const agentId = parseAgentId(id);
    return agentId && table.find(agentId)?.name;
  };
  sources.mailbox?.(door, { clock, agentName });
  changesPage(door, { changes: options.changes, clock });
  settingsPage(door, options.settings);
  docsPage(door, { document: sources.document, origin, clock });
  return door.page;
}

/** Beside this file, whether it runs as it is written or packed. */
function fileText(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** Whether browsers reach this node over TLS, as its URL or the proxy in front says: then the cookie goes over nothing else. */
function isEncrypted(c: Context, { self }: Roster): boolean {
  return (
    visitorIn(c).header('x-forwarded-proto') === 'https' ||
    self.url === new URL(`https://${visitorIn(c).header('host')}`).origin
  );
}
