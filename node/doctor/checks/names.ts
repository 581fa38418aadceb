// Whether this host's own name leads to loopback here, while its peers are elsewhere.
import { loopbackNameFault } from '../../machine/loopback-name.ts';
import type { Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

export async function checkNames({ roster, config, resolve }: Examination): Promise<readonly Finding[]> {
  if (roster === undefined || config.listen !== undefined) return [];
  const fault = await loopbackNameFault(roster.self, roster.peers, resolve);
  if (fault === undefined) return [];
  const { hostname } = new URL(roster.self.url);
  return [
    {
      check: 'names',
      host: roster.self.id,
      what: fault.replace(/ Give it the machine's address.*$/, ''),
      meaning: 'This node listens where no other machine reaches it: to the others it is down.',
      mend: `sed -i -E '/^127\\..*[[:space:]]${hostname.replaceAll('.', '\\.')}([[:space:]]|$)/d' /etc/hosts && echo "$(hostname -I | cut -d' ' -f1) ${hostname}" >> /etc/hosts`,
      where:
        'here, as root, if the first address that `hostname -I` shows is the one that the others reach; then start the node again',
    },
  ];
}
