// POST /api/backup: a backup of this host, as a tar archive, while the host goes on.
import type { IncomingMessage } from 'node:http';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import type { Backups } from '../../backup/backups.ts';
import type { Log } from '../../log.ts';
import { readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { longAnswer } from '../streams/long-answer.ts';

export interface BackupServices {
  readonly backups: Pick<Backups, 'make'>;
  /** Whether everybody who asks had to prove that they may. */
  readonly isGuarded: boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

export const wanted = z.strictObject({ withKeys: z.boolean().default(false) });
const HEADERS = { 'Content-Type': 'application/x-tar', 'Cache-Control': 'no-store' };

export function backupRoutes(app: Hono, services: BackupServices): void {
  const { backups, isGuarded, clock, log, stopping } = services;
  resource(app, '/api/backup', {
    POST: async (c) => {
      const { withKeys } = await readJson(c, wanted);
      if (withKeys && !isGuarded)
        throw new MeshError(
          'forbidden',
          'This node asks nobody for a token, so it gives its secrets to nobody. Set MESH_TOKEN, or back up without keys.',
        );
      if (stopping.aborted) throw new MeshError('stopping', 'This node is stopping.', { retryAfterSeconds: 1 });
      const backup = await backups.make({ withKeys });
      // An archive that can't be finished must not look like one that is.
      const cut = () => incomingOf(c)?.socket.destroy();
      const failed = (error: unknown) => {
        log.warn('backup.failed', { error: String(error) });
        cut();
      };
      const ended = () => backup[Symbol.dispose]();
      const pieces = (signal: AbortSignal) => backup.pieces(signal);
      return c.body(longAnswer({ pieces, clock, stopping, cut, failed, ended }), 200, HEADERS);
    },
  });
}

function incomingOf(c: Context): IncomingMessage | undefined {
  return (c.env as { readonly incoming?: IncomingMessage } | undefined)?.incoming;
}
