// Whether all hosts share one MESH_SECRET: a host that knows it proves so in its introduction.
import { answering, type Examination, startOf } from '../examination.ts';
import type { Finding } from '../fault.ts';

export function checkSecrets(examination: Examination): readonly Finding[] {
  const { secrets, roster } = examination;
  if (secrets.meshSecret === undefined || roster === undefined) return [];
  return answering(examination).flatMap(({ host, introduction }) => {
    if (introduction?.kind !== 'introduced' || introduction.proven || host.publicKey !== undefined) return [];
    const isSelf = host.id === roster.self.id;
    return [
      {
        check: 'secrets',
        host: host.id,
        what: isSelf
          ? 'The node of this machine was started with another MESH_SECRET than the one that is set here, or without one.'
          : `Host '${host.id}' has another MESH_SECRET than this one, or none.`,
        meaning: "The two do not believe each other's keys: neither hears the other, and votes are missing.",
        mend: `export MESH_SECRET; read -rs MESH_SECRET; ${startOf(host.id, examination)}`,
        where: `on the machine of '${host.id}', with the secret that all share; stop its node before`,
      },
    ];
  });
}
