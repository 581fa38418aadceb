// The page for browsers, of what the other modules bring to it.
import type { Page } from '../http/app.ts';
import type { Gate } from '../http/gate/gate.ts';
import type { Sessions } from '../http/gate/sessions.ts';
import { openPage, type PageSources } from '../page/page.ts';
import type { Module, Parts } from './module.ts';

/** `modules`: every one of the node. */
export function openPageModule(
  { options, ports, mesh, index, copies, registry }: Parts,
  modules: readonly Module[],
  door: { readonly gate: Gate; readonly sessions: Sessions },
): Page {
  const { clock, random, log } = ports;
  const sources = Object.assign({}, ...modules.map(({ shown }) => shown)) as PageSources;
  return openPage({
    ...{ ...door, sources, clock, random, log, index },
    copy: copies.copy,
    table: registry.table,
    changes: registry.changes,
    settings: options.config.shown ?? [],
    isLegacy: mesh.isLegacy,
    roster: options.roster.current,
    version: options.version,
  });
}
