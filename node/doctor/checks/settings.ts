// The settings: variables that are none, and what a node beyond loopback needs.
import { isThisMachine } from '../../machine/this-machine.ts';
import type { Examination } from '../examination.ts';
import type { Finding } from '../fault.ts';

const CHECK = 'settings';

/** `fault`: all mistakes in one sentence. */
export function mistaken(fault: string): Finding {
  return {
    check: CHECK,
    what: fault,
    meaning: 'The node does not start with these settings. Nothing else could be looked at.',
    mend: 'npx mesh start --help',
    where: 'here: it lists each setting with what it takes; then correct those that are named',
  };
}

export function checkSettings({ config, secrets, roster }: Examination): readonly Finding[] {
  const unknown = config.unknownVariables.map((name) => ({
    check: CHECK,
    what: `${name} is set and is no setting of this program.`,
    meaning: 'It has no effect: it is mistyped, or meant for another program.',
    mend: `unset ${name}`,
  }));
  if (roster === undefined || secrets.token !== undefined) return unknown;
  if (isThisMachine(new URL(roster.self.url).hostname)) return unknown;
  return [
    ...unknown,
    {
      check: CHECK,
      what: `This host is reached by others, at ${roster.self.url}, and has no MESH_TOKEN.`,
      meaning: 'Nobody can change its agents, and it does not start where it would listen beyond loopback.',
      mend: 'export MESH_TOKEN=$(openssl rand -hex 24)',
      where: 'here, before the node is started; keep it in a file of mode 0600',
    },
  ];
}
