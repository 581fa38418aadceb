// hosts.json: whether it can be read, whether it says which host this is, and whether others may write it.
import { statSync } from 'node:fs';
import { trustedUsers, trustFault } from '../../machine/own-files.ts';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'hosts-file';

/** `fault`: why it could not be read, a sentence. `url`: of a node that has a good one, where one answers. */
export function unreadable(file: string, fault: string, url: string | undefined): Finding {
  const from = url ?? 'http://HOST:23000';
  return {
    check: CHECK,
    what: fault,
    meaning:
      'A node does not start with it; one that runs goes on with the hosts it had, and takes no later edit. What concerns other hosts could not be looked at.',
    mend: `npx mesh hosts print --url ${word(from)} > ${word(`${file}.new`)} && mv ${word(`${file}.new`)} ${word(file)}`,
    ...(url === undefined ? { where: 'here, with the URL of any host that runs' } : {}),
  };
}

/** Who may write it decides who votes. */
export function checkHostsFile({ roster, hostsFile, user }: Examination): readonly Finding[] {
  if (roster === undefined || user === undefined) return [];
  const fault = trustFault(statSync(hostsFile), trustedUsers(user));
  if (fault === undefined) return [];
  return [
    {
      check: CHECK,
      what: `${hostsFile} ${fault}.`,
      meaning: 'Whoever writes it decides which hosts are believed and who votes.',
      mend: `chown ${user} ${word(hostsFile)} && chmod go-w ${word(hostsFile)}`,
    },
  ];
}
