// What stands in front of a host: whether it passes the name on by which the host is asked, or one that the host does not answer to, and
// whether it says that it passed a request on. A proxy of connections (TCP, a published port) can't say so, which does no harm where the node
// wants a credential from whoever comes through it.
import type { Contact } from '../contact.ts';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'proxy';
/** Where a node listens behind a proxy, when nothing else is said. */
const BEHIND = { ip: '127.0.0.1', port: 23_000 };

export function checkProxy(examination: Examination): readonly Finding[] {
  return examination.contacts.flatMap((contact) => [...otherName(contact), ...unmarked(contact, examination)]);
}

function otherName({ host, health }: Contact): readonly Finding[] {
  if (health?.body.error !== 'forbidden_origin') return [];
  const message = String(health.body.message);
  const sent = /MESH_ALIASES=([\w.-]+)/.exec(message)?.[1] ?? new URL(host.url).hostname;
  return [
    {
      check: CHECK,
      host: host.id,
      what: `Host '${host.id}' refuses what comes through ${host.url}: ${message}`,
      meaning: 'A proxy stands in front of it and sends another Host than it was asked with: nobody gets through.',
      mend: `MESH_ALIASES=${sent} npx mesh start --host ${host.id}`,
      where: `on the machine of '${host.id}', in place of the node that runs there; or have the proxy pass the name on (nginx: proxy_set_header Host $http_host;)`,
    },
  ];
}

/** A node speaks no TLS, so a proxy stands before an https URL; and before a node of this machine that listens elsewhere than at its URL. */
function unmarked({ host, health, isGuarded }: Contact, { roster, config }: Examination): readonly Finding[] {
  const url = new URL(host.url);
  const listen = host.id === roster?.self.id ? config.listen : undefined;
  const isBehind = url.protocol === 'https:' || (listen !== undefined && String(listen.port) !== (url.port || '80'));
  if (!isBehind || health?.body.forwarded !== false || isGuarded !== false) return [];
  const { ip, port } = listen ?? BEHIND;
  const passed = `proxy_pass http://${ip}:${port};`;
  const marked = '& proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;';
  return [
    {
      check: CHECK,
      host: host.id,
      what: `What comes through ${host.url} does not say that a proxy passed it on, and the node takes it for a program of its own machine.`,
      meaning: 'Whoever reaches the proxy may change everything, without a key.',
      mend: `sed -i ${word(`s|${passed}|${marked}|`)} $(grep -rl ${word(passed)} /etc/nginx) && nginx -s reload`,
      where:
        'on the machine of the proxy, as root, where it is nginx; Caddy and Traefik say so by themselves, another proxy must be told to add X-Forwarded-For',
    },
  ];
}
