// Backups of this host, where its data is on a disk.
import { Backups } from '../backup/backups.ts';
import { backupRoutes } from '../http/routes/backup.ts';
import type { Module, Parts } from './module.ts';

/** `POST /api/backup`, where the store can be copied; nothing else. */
export function openBackupModule({ options, ports, stopping }: Parts): Module {
  const { clock, log, copied } = ports;
  if (copied === undefined) return {};
  const self = () => options.roster.current().self.id;
  const backups = new Backups({ ...copied, self, version: options.version, clock, log });
  const isGuarded = options.secrets.token !== undefined;
  return { routes: (app) => backupRoutes(app, { backups, isGuarded, clock, log, stopping }) };
}
