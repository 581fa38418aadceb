// Whether all hosts run one version of the program, and speak one version of the mesh's messages.
import { answering, type Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

export function checkVersions(examination: Examination): readonly Finding[] {
  return answering(examination).flatMap(({ host, health, refusal }) => {
    const theirs = String(health?.body.version ?? '');
    const own = examination.version;
    const speaks = refusal?.message.match(/speaks version (\d+) of the mesh's messages; this host speaks (\d+)/);
    if ((theirs === own || theirs === '') && !speaks) return [];
    const isOlder = compareVersions(theirs, own) < 0 || Number(speaks?.[1]) < Number(speaks?.[2]);
    return [
      {
        check: 'versions',
        host: host.id,
        what: `Host '${host.id}' runs version ${theirs}, ${isOlder ? 'older' : 'newer'} than this one, ${own}.`,
        meaning: speaks
          ? `The two do not understand each other (${speaks[1]} and ${speaks[2]} are the versions of what they speak): its vote is missing.`
          : 'They may go on together for the time of an upgrade, and no longer than that.',
        mend: 'git pull && npm install',
        where: `${isOlder ? `on the machine of '${host.id}'` : 'here'}, in the clone of this program; then start the node again`,
      },
    ];
  });
}

/** Below 0 when `one` is the older of the two. What is no number counts as 0. */
export function compareVersions(one: string, other: string): number {
  const [ours, theirs] = [one, other].map((text) => text.split(/[.+-]/).map((part) => Number(part) || 0));
  for (let at = 0; at < 3; at += 1) {
    const difference = (ours?.[at] ?? 0) - (theirs?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
