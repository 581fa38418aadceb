// mesh.env in a data directory: the settings and secrets of the node whose data lies there, a `NAME=value` a line, as `mesh init` and
// `mesh join-mesh` write them. `mesh start` reads it, and so do the other commands, to find that node and to be believed by it. What stands in the
// environment or on the command line goes before it.

import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { MeshError } from '../../mesh/errors.ts';
import { writeFileDurably } from '../machine/own-files.ts';
import { readPrivateFile } from '../machine/private-file.ts';

const FILE_NAME = 'mesh.env';
/** Where the file lies says this already. */
const ELSEWHERE = 'MESH_DATA';

export type Variables = Readonly<Record<string, string>>;

/** The absolute path of mesh.env in that data directory. */
export function environmentFile(directory: string): string {
  return join(resolve(directory), FILE_NAME);
}

/**
 * The variables of that data directory's file; none when there is no such file. Relative paths of MESH_HOSTS start at the file. Throws
 * `invalid_request` when others may read the file, this user may not look for it, or it has something else in it than settings of this program.
 */
export function readEnvironmentFile(directory: string): Variables {
  const path = environmentFile(directory);
  if (!isThere(path)) return {};
  const read = parseEnv(readPrivateFile(path, 'The settings file'));
  const foreign = Object.keys(read).find((name) => !name.startsWith('MESH_') || name === ELSEWHERE);
  if (foreign !== undefined)
    throw new MeshError(
      'invalid_request',
      `The settings file '${path}' sets ${foreign}. It may set the settings of this program, MESH_…, but not ${ELSEWHERE}.`,
    );
  const variables = Object.fromEntries(Object.entries(read).map(([name, value]) => [name, value ?? '']));
  const { MESH_HOSTS } = variables;
  return MESH_HOSTS ? { ...variables, MESH_HOSTS: resolve(dirname(path), MESH_HOSTS) } : variables;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    // Something else than a directory is in the way, which is said of the directory itself.
    if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    const message = `Whether there is a settings file '${path}' can't be told: ${(cause as Error).message}. The data directory is its node's user's alone: run this as that user, or name another directory with --data or MESH_DATA.`;
    throw new MeshError('invalid_request', message, { cause });
  }
}

/** The environment with the file's variables where it has none of its own. */
export function withEnvironmentFile(environment: NodeJS.ProcessEnv, directory: string): NodeJS.ProcessEnv {
  const own = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return { ...readEnvironmentFile(directory), ...Object.fromEntries(own) };
}

/** Writes the file, readable by its owner only: after a power cut it is there whole, or as it was. */
export function writeEnvironmentFile(directory: string, variables: Variables): void {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${written(value)}`);
  const text = [
    '# Settings and secrets of the node whose data lies here; npx mesh start --data reads it.',
    ...lines,
    '',
  ];
  writeFileDurably(environmentFile(directory), text.join('\n'));
}

/** The value as it is read again: a `#` in a bare one would begin a comment. */
function written(value: string): string {
  return /^[\w./:@,-]*$/.test(value) ? value : `'${value.replaceAll("'", '%27')}'`;
}
