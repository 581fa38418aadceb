// `mesh status`, `conflicts`, `join`, `evict`, `recover`, `log verify` as they are typed.
import { Option } from 'commander';
import type { Asking, CommandLine } from './command-line.ts';
import { readMeasures } from './measures.ts';
import { conflicts, evict, join, recover, resolveConflict, status, verifyLog } from './operator-reports.ts';

interface Deciding extends Asking {
  readonly acceptLoss?: true;
}

const LOSS = ['--accept-loss', 'you have read what may be lost'] as const;

export function addOperatorCommands(commands: CommandLine): void {
  commands
    .add('status', 'how the node and its mesh are, a line each, and what to do where something is not well')
    .action((asking: Asking) =>
      commands.run(asking, (call, paint, { node }) =>
        status(call, paint, { measures: () => readMeasures(node), nowMs: node.clock.wallMs() }),
      ),
    );
  commands
    .add('conflicts [address]', 'addresses that more than one host gave out; with an address: decide')
    .addOption(new Option('--keep <whose>', 'which claim stays').choices(['mine', 'theirs']))
    .action((address: string | undefined, asking: Asking & { keep?: string }, command) => {
      const { keep } = asking;
      if ((address === undefined) !== (keep === undefined))
        command.error('mesh: name the address and whose claim stays: npx mesh conflicts ADDRESS --keep theirs|mine');
      return commands.run(asking, (call) =>
        address === undefined || keep === undefined ? conflicts(call) : resolveConflict(call, address, keep),
      );
    });
  commands
    .add('join <host>', 'leave this mesh for the one of that host; where both gave out an address, concede it')
    .option(...LOSS)
    .action((host: string, asking: Deciding) =>
      commands.run(asking, (call) => join(call, host, asking.acceptLoss ?? false)),
    );
  commands
    .add('evict <host>', 'end the claims of a host that was taken out of every hosts.json')
    .action((host: string, asking: Asking) => commands.run(asking, (call) => evict(call, host)));
  commands
    .add('recover <voters...>', 'go on with these voters alone, after more than half have lost their data')
    .option(...LOSS)
    .action((voters: string[], asking: Deciding) =>
      commands.run(asking, (call) => recover(call, voters, asking.acceptLoss ?? false)),
    );
  const log = commands.group('log', 'the change log of the host');
  log
    .add('verify', 'whether it fits its chain, as its disk has it')
    .action((asking: Asking) => log.run(asking, (call) => verifyLog(call)));
}
