// A data directory that becomes a host's: its key, mesh.env, and hosts.json last. While hosts.json is not there, nothing has started from the
// directory, and setting it up may be repeated; once it is there, it is never overwritten.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hostsText } from '../../mesh/admission/changed-hosts.ts';
import { MeshError } from '../../mesh/errors.ts';
import type { Random } from '../../mesh/ports.ts';
import type { Signer } from '../../mesh/signature/ed25519.ts';
import type { Log } from '../log.ts';
import { makeOwnDirectory, writeFileDurably } from '../machine/own-files.ts';
import { shellWord } from '../machine/shell-word.ts';
import { openStore } from '../store/disk-store.ts';
import { explain, isOfSystem } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { openHostKey } from '../system/host-key.ts';
import { environmentFile, readEnvironmentFile, writeEnvironmentFile } from './environment-file.ts';

const HOSTS_FILE = 'hosts.json';
const SECRET_BYTES = 32;

/** What goes into hosts.json, and what tells the host which of its entries it is. */
export interface HostSetup {
  readonly id: string;
  readonly url: string;
  readonly hosts: readonly unknown[];
  /** The secret of the mesh; absent: drawn here, for a mesh that begins with this host. */
  readonly secret?: string;
  /** MESH_CLAIMS of the mesh, where an engine keeps its claims. */
  readonly claims?: string | undefined;
}

/** Throws `conflict` when the directory is a host's already. */
export function refuseSetUp(directory: string): void {
  const hosts = join(resolve(directory), HOSTS_FILE);
  if (existsSync(hosts))
    throw new MeshError(
      'conflict',
      `${hosts} is there, so this directory is a host's already; nothing is overwritten. Start it: npx mesh start --data ${shellWord(directory)}. Let another machine in: npx mesh hosts invite. For another host, name another directory with --data.`,
    );
  const { MESH_HOSTS } = readEnvironmentFile(directory);
  if (MESH_HOSTS !== undefined && MESH_HOSTS !== hosts)
    throw new MeshError(
      'conflict',
      `${environmentFile(directory)} names the hosts file ${MESH_HOSTS}: this directory is a host's already. Start it: npx mesh start --data ${shellWord(directory)}.`,
    );
}

/** Makes the directory and the host's key where they are not there, and hands them, with the store, to `work`. */
export async function withHostKey<Result>(
  directory: string,
  log: Log,
  work: (parts: { readonly store: Store; readonly signer: Signer }) => Promise<Result>,
): Promise<Result> {
  try {
    makeOwnDirectory(directory);
    const store = await openStore({ directory: resolve(directory), log });
    try {
      return await work({ store, signer: await openHostKey({ directory: resolve(directory), store }) });
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    throw explain(error, resolve(directory), 'type this again');
  }
}

/** Writes mesh.env, then hosts.json. A token that an earlier try drew stays, for somebody may have noted it. */
export function writeHostFiles(
  directory: string,
  { id, url, hosts, secret, claims }: HostSetup,
  random: Pick<Random, 'bytes'>,
): void {
  const former = readEnvironmentFile(directory);
  const drawn = () => Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  writeEnvironmentFile(directory, {
    ...former,
    MESH_HOSTS: HOSTS_FILE,
    MESH_HOST: id,
    MESH_URL: url,
    MESH_SECRET: secret ?? former.MESH_SECRET ?? drawn(),
    MESH_TOKEN: former.MESH_TOKEN ?? drawn(),
    ...(claims === undefined ? {} : { MESH_CLAIMS: claims }),
  });
  writeFileDurably(join(resolve(directory), HOSTS_FILE), hostsText({}, hosts));
}
