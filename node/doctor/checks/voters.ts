// Who votes: whether the hosts agree on it, whether hosts.json agrees with what they have agreed on, and whether enough of them are there.
import type { Contact } from '../contact.ts';
import { answering, type Examination, startOf } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

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

/** The hosts whose voters are not those of this hosts.json; a host that serves only the look-up never votes. */
function disagreement(there: readonly Contact[], { roster, hostsFile }: Examination): readonly Finding[] {
  if (roster === undefined) return [];
  const wished = roster.voters.filter((id) => roster.get(id)?.legacy !== true).join(', ');
  const said = there.flatMap((contact) => {
    const voters = votersOf(contact);
    return voters === undefined || voters === wished ? [] : [{ contact, voters }];
  });
  const others = said.filter(({ contact }) => contact.host.id !== roster.self.id);
  const about = (id: string, voters: string) => ({
    check: CHECK,
    host: id,
    what: `At host '${id}' the voters are ${voters}; hosts.json here has ${wished}.`,
    meaning:
      'Its hosts.json differs from this one, or an edit has not been agreed on yet. The mesh moves to other voters only when all files say the same.',
  });
  // The node here has agreed with the others on something that the file here does not say: then the file is the odd one.
  const [isAgreedHere, teacher] = [said.length > others.length, others[0]?.contact.host];
  if (isAgreedHere && teacher !== undefined)
    return [
      {
        ...about(roster.self.id, said[0]?.voters ?? ''),
        mend: takenFrom(teacher.url, hostsFile),
        where: `here, if what '${teacher.id}' has is right. If the file here is: npx mesh hosts print --url ${roster.self.url} > hosts.json on every other host`,
      },
    ];
  if (isAgreedHere)
    return [
      {
        ...about(roster.self.id, said[0]?.voters ?? ''),
        mend: 'npx mesh hosts list',
        where: 'here: it shows who is missing. The mesh moves to the voters of this file when those are there',
      },
    ];
  return others.map(({ contact: { host }, voters }) => ({
    ...about(host.id, voters),
    mend: `npx mesh hosts print --url ${roster.self.url} > hosts.json`,
    where: `on the machine of '${host.id}', into its own hosts.json, if the one here (${hostsFile}) is right`,
  }));
}

function takenFrom(url: string, file: string): string {
  return `npx mesh hosts print --url ${url} > ${word(`${file}.new`)} && mv ${word(`${file}.new`)} ${word(file)}`;
}

function quorum(there: readonly Contact[], examination: Examination): readonly Finding[] {
  const { roster, contacts } = examination;
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
      mend: first === undefined ? `curl -s ${own.host.url}/ready` : startOf(first, examination),
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
