// `mesh status`, `conflicts`, `join`, `evict`, `recover`, `log verify` as they are typed: arguments, help, and how what comes of them is printed.
import { type Command, Option } from 'commander';
import { visible, visibleIn } from '../machine/visible-text.ts';
import type { NodeClient } from './node-client.ts';
import type * as Operator from './operator-reports.ts';
import type { Printed } from './operator-reports.ts';

export interface Terminal {
  /** The URL of the node that is asked, unless `--url` names another. */
  readonly url: string;
  readonly token: string | undefined;
  /** Gives up the question to the node. */
  readonly stop: AbortSignal;
  print(text: string): void;
  complain(text: string): void;
  /** Sets the exit code. */
  end(code: number): void;
}

interface At {
  readonly url: string;
}

export function addOperatorCommands(program: Command, terminal: Terminal): void {
  const run = (url: string, work: Work) => runAt({ ...terminal, url: url.replace(/\/+$/, '') }, work);
  const add = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .option('--url <URL>', 'the node (MESH_URL)', terminal.url)
      .addHelpText(
        'after',
        '\nMESH_TOKEN, else MESH_READ_TOKEN, is shown to a node that asks for it. Exit code 1: not well, or refused.',
      );
  add('status', 'who is in the mesh, who is there, and whether addresses can be claimed').action(({ url }: At) =>
    run(url, (operator, call) => operator.status(call)),
  );
  add('conflicts [address]', 'addresses that more than one host gave out; with an address: decide')
    .addOption(new Option('--keep <whose>', 'which claim stays').choices(['mine', 'theirs']))
    .action((address: string | undefined, { url, keep }: At & { keep?: string }, command: Command) => {
      if ((address === undefined) !== (keep === undefined))
        command.error('mesh: name the address and whose claim stays: mesh conflicts ADDRESS --keep theirs|mine');
      return run(url, (operator, call) =>
        address === undefined || keep === undefined
          ? operator.conflicts(call)
          : operator.resolveConflict(call, address, keep),
      );
    });
  const loss = ['--accept-loss', 'you have read what may be lost'] as const;
  add('join <host>', 'leave this mesh for the one of that host; where both gave out an address, concede it')
    .option(...loss)
    .action((host: string, { url, acceptLoss = false }: At & { acceptLoss?: boolean }) =>
      run(url, (operator, call) => operator.join(call, host, acceptLoss)),
    );
  add('evict <host>', 'end the claims of a host that was taken out of every hosts.json').action(
    (host: string, { url }: At) => run(url, (operator, call) => operator.evict(call, host)),
  );
  add('log <verify>', 'verify: whether the change log of that host, as its disk has it, fits its chain').action(
    (what: string, { url }: At, command: Command) => {
      if (what !== 'verify') command.error(`mesh: there is no 'mesh log ${what}'; it is: mesh log verify`);
      return run(url, (operator, call) => operator.verifyLog(call));
    },
  );
  add('recover <voters...>', 'go on with these voters alone, after more than half have lost their data')
    .option(...loss)
    .action((voters: string[], { url, acceptLoss = false }: At & { acceptLoss?: boolean }) =>
      run(url, (operator, call) => operator.recover(call, voters, acceptLoss)),
    );
}

/** An answer or a refusal may hold words of others. Shown on one line, they can't pass for a line of this program. */
function visiblyAsking(call: NodeClient): NodeClient {
  return async (...question) => {
    try {
      return visibleIn(await call(...question)) as Awaited<ReturnType<NodeClient>>;
    } catch (error) {
      throw new Error(visible((error as Error).message), { cause: error });
    }
  };
}

type Work = (operator: typeof Operator, call: NodeClient) => Promise<Printed>;

async function runAt({ url, token, stop, print, complain, end }: Terminal, work: Work): Promise<void> {
  // They are imported here, because a node that starts does not need them.
  const [operator, { createNodeClient }] = await Promise.all([
    import('./operator-reports.ts'),
    import('./node-client.ts'),
  ]);
  try {
    const { text, ok } = await work(operator, visiblyAsking(createNodeClient({ url, token, stop })));
    print(text);
    if (!ok) end(1);
  } catch (error) {
    complain(`mesh: ${((stop.aborted ? stop.reason : error) as Error).message}`);
    end(1);
  }
}
