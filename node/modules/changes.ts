// The change log as it is asked, verified and listened to, and its trimming.
import { parseAnyAddress } from '../../mesh/address/identity.ts';
import { History } from '../changes/history.ts';
import { LogCheck } from '../changes/log-check.ts';
import { DAY_MS, LogTrimmer } from '../changes/log-trimmer.ts';
import { changeRoutes } from '../http/routes/changes.ts';
import { emailIndexHistoryRoutes } from '../http/routes/email-index-history.ts';
import { logRoutes } from '../http/routes/log.ts';
import type { Module, Parts } from './module.ts';

/** `readers`: modules, some of which keep entries from being trimmed. */
export function openChangeModule({ options, ports, registry, stopping }: Parts, readers: readonly Module[]): Module {
  const { store, clock, log } = ports;
  const { changes } = registry;
  const trimmer = new LogTrimmer({
    ...{ changes, clock, log, keptMsMax: options.config.logDays * DAY_MS },
    readers: readers.flatMap(({ cursorReader }) => cursorReader ?? []),
  });
  const history = new History(changes, clock);
  return {
    measures: [
      {
        kind: 'counter',
        name: 'mesh_changes_total',
        help: 'Entries that the change log ever had, those of other hosts that it passes on among them.',
        read: () => changes.head,
      },
    ],
    routes: (app) => {
      changeRoutes(app, { changes, clock, log, stopping });
      emailIndexHistoryRoutes(app, { history, parseAddress: parseAnyAddress });
      logRoutes(app, new LogCheck(store, changes, clock));
    },
    shown: { history },
    run: (signal) => trimmer.run(signal),
  };
}
