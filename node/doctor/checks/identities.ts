// Whether each host is who hosts.json says: its id, and its key as it is pinned there.
import type { Contact } from '../contact.ts';
import { answering, type Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'identities';

export function checkIdentities(examination: Examination): readonly Finding[] {
  const there = answering(examination);
  return [...there.flatMap((contact) => [...otherId(contact), ...otherKey(contact, examination)]), ...twins(there)];
}

function otherId({ host, health }: Contact): readonly Finding[] {
  const told = health?.body.host;
  if (typeof told !== 'string' || told === host.id) return [];
  return [
    {
      check: CHECK,
      host: host.id,
      what: `The node at ${host.url} says that it is '${told}', and hosts.json has '${host.id}' there.`,
      meaning: `Two nodes may go by the id '${told}', and nobody by '${host.id}': nothing that this one says is believed.`,
      mend: `npx mesh start --host ${host.id}`,
      where: `on the machine of ${host.url}, in place of the node that runs there`,
    },
  ];
}

function otherKey({ host, introduction }: Contact, { hostsFile }: Examination): readonly Finding[] {
  if (introduction?.kind !== 'introduced' || host.publicKey === undefined) return [];
  const { text } = introduction.key;
  if (text === host.publicKey) return [];
  return [
    {
      check: CHECK,
      host: host.id,
      what: `Host '${host.id}' has the key ${text}, and hosts.json pins ${host.publicKey}.`,
      meaning: 'Nothing that it says is believed. It lost its key file, or somebody else answers in its place.',
      mend: `sed -i ${word(`s|${host.publicKey}|${text}|`)} ${word(hostsFile)}`,
      where: `on every host, once the operator of '${host.id}' has said that this is its key (npx mesh hosts list there)`,
    },
  ];
}

/** One data directory on two machines. */
function twins(there: readonly Contact[]): readonly Finding[] {
  return there.flatMap((contact, at) => {
    const before = there.slice(0, at).find((one) => isSame(one, contact));
    if (before === undefined) return [];
    return [
      {
        check: CHECK,
        host: contact.host.id,
        what: `Hosts '${before.host.id}' and '${contact.host.id}' have the same ${before.logId === contact.logId ? 'change log' : 'key'}.`,
        meaning:
          'One of the two was started on a copy of the data of the other: what it says is taken for what the other said.',
        mend: `mv DATA DATA.copy && npx mesh start --host ${contact.host.id}`,
        where: `on the machine of the one that was copied, after its node has been stopped, with its data directory for DATA`,
      },
    ];
  });
}

function isSame(one: Contact, other: Contact): boolean {
  if (one.logId !== undefined && one.logId === other.logId) return true;
  const [key, same] = [one.introduction, other.introduction];
  return key?.kind === 'introduced' && same?.kind === 'introduced' && key.key.text === same.key.text;
}
