// Whether each host answers where hosts.json says that it is.
import type { Contact } from '../contact.ts';
import { type Examination, startOf } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'reach';

export function checkReach(examination: Examination): readonly Finding[] {
  const { contacts, roster, hostsFile } = examination;
  return contacts.flatMap((contact) => {
    const { host, silence, health } = contact;
    const isSelf = host.id === roster?.self.id;
    if (silence !== undefined) return [silent(contact, silence.code, isSelf, startOf(host.id, examination))];
    if (health?.status === 200 && health.body.status === 'ok') return [];
    if (contact.introduction?.kind === 'legacy') return host.legacy === true ? [] : [lookUpOnly(contact, hostsFile)];
    // What a proxy or the node itself refuses by its name is the proxy check's.
    if (health?.body.error === 'forbidden_origin') return [];
    return [
      {
        check: CHECK,
        host: host.id,
        what: `What answers at ${host.url} is no node of a mesh: GET /health has status ${health?.status}.`,
        meaning: `Host '${host.id}' is missing to the others, and its vote with it.`,
        mend: `curl -si ${host.url}/health`,
        where:
          'here: it shows what answers; write the URL of the node into hosts.json on every host, or stop what stands in its place',
      },
    ];
  });
}

function lookUpOnly({ host: { id, url } }: Contact, hostsFile: string): Finding {
  return {
    check: CHECK,
    host: id,
    what: `Host '${id}' at ${url} serves only the look-up, and hosts.json does not say so of it.`,
    meaning: 'It never votes, and what it says is unsigned. Somebody else may answer in its place.',
    mend: `sed -i ${word(`s/"id": *"${id}"/&, "legacy": true/`)} ${word(hostsFile)}`,
    where: `on every host, if '${id}' is a host of the original (node/compat/README.md); if not, stop what answers there`,
  };
}

function silent({ host }: Contact, code: string, isSelf: boolean, mend: string): Finding {
  const { port, hostname } = new URL(host.url);
  const who = isSelf ? `The node of this machine, '${host.id}',` : `Host '${host.id}'`;
  const about = {
    check: CHECK,
    host: host.id,
    meaning: isSelf
      ? 'Its agents can not be reached, and its vote is missing.'
      : `Look-ups wait for it and name it among those that failed, and its vote is missing.`,
  };
  const start = { mend, where: isSelf ? 'here' : `on the machine of '${host.id}'` };
  switch (code) {
    case 'ECONNREFUSED':
      return { ...about, what: `${who} does not listen at ${host.url}: the port is closed.`, ...start };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        ...about,
        what: `${who} has a name that does not resolve here: ${hostname}.`,
        mend: `echo 'ADDRESS ${hostname}' >> /etc/hosts`,
        where: `here, as root, with its address; or write the address into hosts.json`,
      };
    case 'timeout':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return {
        ...about,
        what: `${who} does not answer at ${host.url} (${code}): a firewall drops what is sent there, or the machine or its network is down.`,
        mend: `ufw allow proto tcp to any port ${port || '80'}`,
        where: `on the machine of '${host.id}', as root, where ufw is its firewall; if the machine is off, start it`,
      };
    default:
      return { ...about, what: `${who} can not be asked at ${host.url} (${code}).`, ...start };
  }
}
