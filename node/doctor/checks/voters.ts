// Who votes: whether the hosts agree on it, whether hosts.json agrees with what they have agreed on, and whether enough of them are there.
import type { Contact } from '../contact.ts';
import { answering, type Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

const CHECK = 'voters';

interface Claims {
  readonly kind?: unknown;
  readonly voters?: unknown;
  readonly required?: unknown;
}

export function checkVoters(examination: Examination): readonly Finding[] {
  const there = answering(examination);
  return [...disagreement(there, examination), ...quorum(there, examination)];
}

/** Of what two hosts say, the first that differ. */
function disagreement(there: readonly Contact[], { roster, hostsFile }: Examination): readonly Finding[] {
  const said = there.flatMap((contact) => {
    const voters = votersOf(contact);
    return voters === undefined ? [] : [{ id: contact.host.id, voters }];
  });
  const wished = roster?.voters.join(', ');
  const off = said.filter(({ voters }) => voters !== wished);
  return off.map(({ id, voters }) => ({
    check: CHECK,
    host: id,
    what: `At host '${id}' the voters are ${voters}; hosts.json here has ${wished}.`,
    meaning:
      'Its hosts.json differs from this one, or an edit has not been agreed on yet. The mesh moves to other voters only when all files say the same.',
    mend: `npx mesh hosts print --url ${examinationUrl(roster?.self.url)} > hosts.json`,
    where: `on the machine of '${id}', into its own hosts.json, if the one here (${hostsFile}) is right`,
  }));
}

function examinationUrl(url: string | undefined): string {
  return url ?? 'http://HOST:23000';
}

function quorum(there: readonly Contact[], { roster, contacts }: Examination): readonly Finding[] {
  const own = there.find(({ host }) => host.id === roster?.self.id) ?? there[0];
  if (own?.ready === undefined || own.ready.status === 200 || own.ready.body.reason === 'legacy_peer') return [];
  const { message } = own.ready.body;
  const missing = contacts.filter(({ silence, host }) => silence !== undefined && roster?.voters.includes(host.id));
  const first = missing[0]?.host.id;
  return [
    {
      check: CHECK,
      what: String(message ?? `No address can be claimed at '${own.host.id}' now.`),
      meaning:
        'No address can be claimed or released anywhere that hears no more than this host does. Look-ups go on, and nothing is lost.',
      mend: first === undefined ? `curl -s ${own.host.url}/ready` : `npx mesh start --host ${first}`,
      where:
        first === undefined
          ? 'here: it says which hosts are missing, or disagree; the other findings say what to do about them'
          : `on the machine of '${first}'. Only when more than half of the voters have lost their data for good: npx mesh recover`,
    },
  ];
}

/** The claims of the mesh's own voters, as a host tells of them. */
function votersOf({ ready }: Contact): string | undefined {
  const claims = ready?.body.claims as Claims | undefined;
  if (claims?.kind !== 'quorum' || !Array.isArray(claims.voters)) return undefined;
  return [...claims.voters].map(String).sort().join(', ');
}
