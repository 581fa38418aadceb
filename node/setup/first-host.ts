// `mesh init`: a mesh that begins with this machine. What the next machine needs is one line.
import { fingerprintOf } from '../../mesh/admission/fingerprint.ts';
import { joinLine } from '../../mesh/admission/join-line.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { Invitations } from '../admission/invitations.ts';
import type { Log } from '../log.ts';
import { refuseSetUp, withHostKey, writeHostFiles } from './host-directory.ts';

export interface Place {
  /** The data directory. */
  readonly directory: string;
  readonly id: HostId;
  readonly url: string;
  readonly name?: string | undefined;
  /** `false`: it shall not vote. */
  readonly voter?: false | undefined;
}

export interface SetupPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The line for the next machine. Rejects with `conflict` when the directory is a host's already, `store_failed`. */
export async function beginMesh(place: Place, { clock, random, log }: SetupPorts): Promise<string> {
  const { directory, id, url, name } = place;
  refuseSetUp(directory);
  return withHostKey(directory, log, async ({ store, signer }) => {
    const invitations = await Invitations.open({ store, clock, random });
    const { token } = await invitations.create();
    writeHostFiles(directory, { id, url, hosts: [{ id, url, ...(name === undefined ? {} : { name }) }] }, random);
    return joinLine({ url, fingerprint: fingerprintOf(signer.publicKey), token });
  });
}
