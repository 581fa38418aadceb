// `mesh import`: moves in from the original (AI Maestro), by its files.
import { readFile, writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { operatorText } from '../machine/edited-text.ts';
import type { Asking, CommandLine, Question } from './command-line.ts';
import { type MovedReport, move } from './move.ts';
import type { Choice, Trouble } from './move-plan.ts';
import { type Moved, type MovedHost, readHosts, readRegistry, readWebhooks } from './moved-files.ts';
import type { NodeClient } from './node-client.ts';
import type { Paint, Report } from './report.ts';
import { table } from './table.ts';

interface Wanted {
  readonly registry?: string;
  readonly webhooks?: string;
  readonly hosts?: string;
  readonly writeHosts?: string;
  readonly dryRun?: true;
  readonly onConflict?: Choice;
  readonly keep?: readonly string[];
  readonly anyHost?: true;
}

export function addImportCommand(commands: CommandLine): void {
  commands
    .add('import', 'move in from AI Maestro: its agents, their addresses and its webhooks, by its files')
    .option('--registry <FILE>', 'its agents/registry.json')
    .option('--webhooks <FILE>', 'its webhooks.json')
    .option('--hosts <FILE>', 'its hosts.json')
    .option('--write-hosts <FILE>', 'write the hosts that can be taken over into a new hosts.json')
    .option('--dry-run', 'change nothing; say what would be done, and what would be left out')
    .addOption(
      new Option(
        '--on-conflict <CHOICE>',
        'an address that somebody else has: leave it out, take it, or ask (on a terminal)',
      ).choices(['skip', 'take', 'ask']),
    )
    .option(
      '--keep <FIELD...>',
      "members of an agent that go into its metadata, like program taskDescription; 'all': whatever there is",
    )
    .option('--any-host', 'agents that the file says are of other hosts, too')
    .action((asking: Asking & Wanted, command) => {
      if (asking.registry === undefined && asking.webhooks === undefined && asking.hosts === undefined)
        command.error('mesh: name a file: npx mesh import --registry FILE --hosts FILE --webhooks FILE');
      return commands.run(asking, (call, paint, { ask }) => importFiles(call, paint, asking, ask));
    });
}

/** Rejects with a sentence when a file can't be read; then nothing was changed. */
export async function importFiles(
  call: NodeClient,
  paint: Paint,
  wanted: Wanted,
  ask: Question | undefined,
): Promise<Report> {
  const agents = await read(wanted.registry, readRegistry);
  const webhooks = await read(wanted.webhooks, readWebhooks);
  const self = wanted.hosts === undefined ? '' : await idOf(call);
  const hosts = await read(wanted.hosts, (text) => readHosts(text, self));
  const { keep = [] } = wanted;
  const moved = await move(call, {
    ...{ agents: agents.items, webhooks: webhooks.items, dryRun: wanted.dryRun === true },
    wishes: { keep: keep.includes('all') ? 'all' : keep, anyHost: wanted.anyHost === true },
    decide: decider(wanted.onConflict ?? (ask === undefined ? 'skip' : 'ask'), ask),
  });
  if (wanted.writeHosts !== undefined && wanted.dryRun !== true) await writeHosts(wanted.writeHosts, hosts.items);
  const warnings = [...agents.warnings, ...webhooks.warnings, ...hosts.warnings, ...moved.warnings];
  const value = { dryRun: wanted.dryRun === true, ...moved, hosts: hosts.items, warnings };
  const isWell =
    moved.left.length === 0 && [...moved.agents, ...moved.webhooks].every(({ outcome }) => outcome !== 'failed');
  return { text: said({ ...moved, warnings }, hosts.items, paint).join('\n'), value, ok: isWell };
}

async function read<Item>(path: string | undefined, parse: (text: string) => Moved<Item>): Promise<Moved<Item>> {
  if (path === undefined) return { items: [], warnings: [] };
  try {
    return parse(operatorText(await readFile(path)));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(`The file ${path} ${code === undefined ? message : `can't be read: ${message}`}.`, { cause });
  }
}

async function idOf(call: NodeClient): Promise<string> {
  return ((await call('GET', '/api/hosts/identity')) as { host: { id: string } }).host.id;
}

function decider(choice: Choice, ask: Question | undefined): (trouble: Trouble) => Promise<boolean> {
  if (choice !== 'ask') return async () => choice === 'take';
  if (ask === undefined) throw new Error('There is no terminal to ask at: say --on-conflict skip or take.');
  return async ({ agent, address, why }) => {
    const answer = await ask(`${address} of '${agent}': ${why} Take it? [y/N] `);
    return /^y/i.test(answer.trim());
  };
}

/** Never over a file that is there. */
async function writeHosts(path: string, hosts: readonly MovedHost[]): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify({ hosts }, null, 2)}\n`, { flag: 'wx' });
  } catch (cause) {
    throw new Error(`${path} can't be written: ${(cause as Error).message}. What was moved stays.`, { cause });
  }
}

function said(
  { agents, webhooks, left, warnings }: MovedReport,
  hosts: readonly MovedHost[],
  paint: Paint,
): readonly string[] {
  const painted = (outcome: string) => (outcome === 'failed' ? paint.bad(outcome) : outcome);
  const made = agents.map(({ name, outcome, addresses, why = '' }) => [
    name,
    painted(outcome),
    addresses.join(', '),
    why,
  ]);
  const told = webhooks.map(({ url, outcome, why = '' }) => [url, painted(outcome), why]);
  const lost = left.map(({ agent, address = '', why }) => [agent, address, why]);
  return [
    ...(made.length === 0 ? [] : table(['AGENT', 'OUTCOME', 'ADDRESSES', 'WHY'], made)),
    ...(told.length === 0 ? [] : ['', ...table(['WEBHOOK', 'OUTCOME', 'WHY'], told)]),
    ...(lost.length === 0 ? [] : ['', ...table(['LEFT OUT', 'ADDRESS', 'WHY'], lost)]),
    ...(hosts.length === 0
      ? []
      : [
          '',
          ...table(
            ['HOST', 'URL'],
            hosts.map(({ id, url }) => [id, url]),
          ),
        ]),
    ...(warnings.length === 0 ? [] : ['', ...warnings.map((warning) => paint.faint(warning))]),
  ];
}
