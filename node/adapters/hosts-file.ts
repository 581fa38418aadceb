// hosts.json on the disk: read at the start, then looked at every second. Looking (stat) instead of listening (inotify) also
// sees editors that replace the file, and network file systems.
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MeshError } from '../../mesh/errors.ts';

const LOOK_INTERVAL_MS = 1_000;

export async function readHostsFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new MeshError(
      'invalid_request',
      `The hosts file ${path} (--hosts / MESH_HOSTS) can't be read: ${(cause as Error).message}.`,
      { cause },
    );
  }
}

/** Calls `edited` with the new text after each change, `undefined` when the file can't be read; until `signal` aborts. */
export function watchHostsFile(path: string, signal: AbortSignal, edited: (text: string | undefined) => void): void {
  const look = () => {
    readFile(path, 'utf8').then(edited, () => edited(undefined));
  };
  watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, look);
  signal.addEventListener('abort', () => unwatchFile(path, look), { once: true });
}
