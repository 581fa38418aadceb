// `mesh restore`: a data directory made of a backup, on which the node is then started.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { MeshError } from '../../mesh/errors.ts';
import { visible } from '../machine/visible-text.ts';
import { type Restored, restoreBackup } from './restore.ts';

/** Where it is said. */
export interface RestoreTerminal {
  print(text: string): void;
  printJson(value: unknown): void;
  complain(text: string): void;
  wait(): () => void;
  readonly stop: AbortSignal;
  end(code: number): void;
}

interface Flags {
  readonly data: string;
  readonly json?: true;
}

const DEFAULT_DIRECTORY = './data';
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function addRestoreCommand(
  program: Command,
  terminal: RestoreTerminal,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  program
    .command('restore <file>')
    .description('make a data directory of a backup; start the node on it afterwards')
    .option(
      '--data <DIR>',
      'the directory, which is not there yet (MESH_DATA)',
      environment.MESH_DATA || DEFAULT_DIRECTORY,
    )
    .option('--json', 'print what was restored as JSON')
    .action((file: string, flags: Flags) => restore(terminal, resolve(file), flags));
}

async function restore(terminal: RestoreTerminal, file: string, { data, json }: Flags) {
  const { print, printJson, complain, wait, stop, end } = terminal;
  const directory = resolve(data);
  const done = wait();
  try {
    const restored = await restoreBackup({
      ...{ file, directory, now: new Date().toISOString(), log: QUIET, stop },
      random: { bytes: (n) => randomBytes(n), next: Math.random },
    });
    done();
    if (json) printJson({ directory, ...restored });
    else print(said(directory, restored).join('\n'));
  } catch (error) {
    done();
    if (!(error instanceof MeshError) && error !== stop.reason) throw error;
    complain(`mesh: ${visible((error as Error).message)}`);
    end(1);
  }
}

function said(
  directory: string,
  { about, agents, addresses, blobs, withoutSecret, mails }: Restored,
): readonly string[] {
  const { host, madeAt, withKeys } = about;
  const key = withKeys
    ? 'It goes on with its key. Keys of clients that were revoked since are valid again: npx mesh keys list shows them.'
    : 'It makes itself a new key: with MESH_SECRET its peers believe it, else it must stand in their hosts.json. Make new keys for clients (npx mesh keys create).';
  return [
    `${directory} is what host '${visible(host)}' kept at ${madeAt}: ${agents} agents, ${addresses} addresses, ${blobs} attachments.`,
    'Start the node on it. It votes when the others have taken it in, and asks them about its addresses: what was released since is not taken back.',
    key,
    ...withoutSecret.map(
      (url) =>
        `The webhook to ${visible(url)} is off, for its secret was not in the backup: npx mesh webhooks rotate and enable it.`,
    ),
    ...(mails === 0
      ? []
      : [
          `${mails} mails had not ended: they may have left since, and are not sent again unless you say so (POST /api/email/ID/resend).`,
        ]),
  ];
}
