// What stands in front of a host: whether it passes the name on by which the host is asked, or one that the host does not answer to.
import type { Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

export function checkProxy({ contacts }: Examination): readonly Finding[] {
  return contacts.flatMap(({ host, health }): readonly Finding[] => {
    if (health?.body.error !== 'forbidden_origin') return [];
    const message = String(health.body.message);
    const sent = /MESH_ALIASES=([\w.-]+)/.exec(message)?.[1] ?? new URL(host.url).hostname;
    return [
      {
        check: 'proxy',
        host: host.id,
        what: `Host '${host.id}' refuses what comes through ${host.url}: ${message}`,
        meaning: 'A proxy stands in front of it and sends another Host than it was asked with: nobody gets through.',
        mend: `MESH_ALIASES=${sent} npx mesh start --host ${host.id}`,
        where: `on the machine of '${host.id}', in place of the node that runs there; or have the proxy pass the name on (nginx: proxy_set_header Host $http_host;)`,
      },
    ];
  });
}
