// What the `mesh` command does: reads flags and environment, starts the node they make, and stops it on a signal.
import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { MeshError, refusalOf } from '../mesh/errors.ts';
import { unlessAborted } from '../mesh/time/deadline.ts';
import { calledAs, saidAs } from './cli/called-as.ts';
import type { Terminal } from './cli/command-line.ts';
import { DEFAULT_DATA, DEFAULT_PORT } from './defaults.ts';
import { visibleLines } from './machine/visible-text.ts';
import type { Setting } from './setting-values.ts';
import { readConfig, SETTINGS, variableOf } from './settings.ts';
import { readEnvironmentFile, withEnvironmentFile } from './setup/environment-file.ts';
import type { SetupTerminal } from './setup/setup-commands.ts';
import { StoreThread } from './store/store-thread.ts';
import { createLog, openStandardError } from './system/json-log.ts';
import { openLineSink } from './system/line-sink.ts';
import { noticeReady } from './system/ready-notice.ts';
import { compactHeap } from './system/v8-heap.ts';

/**
 * Resolves when the command has ended; its exit code is then set. `stop` ends it, whatever it is at. `started` is called once a node
 * is ready.
 */
export async function runCommand(process: NodeJS.Process, stop: AbortSignal, started: () => void): Promise<void> {
  const version = readVersion();
  outliveReaders(process);
  const said = sayingAsCalled(process);
  const program = new Command('mesh')
    .description(
      'A node of the agent email mesh: it owns the email addresses of its agents, one owner per address in the whole mesh.',
    )
    .version(version)
    .configureOutput({
      writeOut: (text) => void process.stdout.write(visibleLines(said(text))),
      writeErr: (text) => openStandardError(process.stderr).write(said(text)),
      outputError: (text, write) => write(sentenceOf(text)),
    });
  const start = program.command('start');
  start.description("run this host's node until SIGTERM, SIGINT or SIGHUP");
  for (const setting of SETTINGS) if (!setting.secret) start.addOption(optionOf(setting));
  start.addHelpText('after', secretsHelp());
  const words = withCommand(process.argv);
  if (words[2] !== start.name()) {
    await addSetup(program, process, (directory) => {
      // The line that was typed holds a token. It is spent; nobody need read it from the list of processes all the same.
      process.title = 'mesh start';
      return runNode(process, stop, version, { data: directory }, started);
    });
    await addClients(program, process, stop, version);
  }
  program.addHelpText(
    'after',
    '\n`npx mesh start --help` lists the settings; `start` is what runs when no command is named.',
  );
  start.action(async (_, command: Command) => {
    await runNode(process, stop, version, flagsOf(command), started);
  });
  await program.parseAsync(words);
}

/** Puts the commands in a text for people as this one was called. */
function sayingAsCalled(process: NodeJS.Process): (text: string) => string {
  const script = process.argv[1] ?? '';
  const home = join(realpathSync(script), '..', '..');
  const called = calledAs({ script, home, folder: process.cwd(), environment: process.env });
  return (text) => saidAs(text, called);
}

/** `mesh --data DIR` means `mesh start --data DIR`; the program's own options stand alone. */
function withCommand([node = '', script = '', ...words]: readonly string[]): string[] {
  const first = words[0] ?? '';
  const isOwn = ['-h', '--help', '-V', '--version'].includes(first);
  return [node, script, ...(isOwn || /^[^-]/.test(first) ? [] : ['start']), ...words];
}

/** What the parser of the command line complains of, as the program says it. */
function sentenceOf(complaint: string): string {
  return complaint
    .replace(/^error: /, 'mesh: ')
    .replace(/\n\(Did you mean one of (.+)\?\)/, '; did you mean one of $1?')
    .replace(/\n\(Did you mean (.+)\?\)/, "; did you mean '$1'?")
    .replace(/unknown command '(.*)'$/m, "unknown command '$1'; npx mesh --help lists them")
    .replace(/unknown command '/, "there is no command '");
}

/** The commands that make a host of a machine. */
async function addSetup(program: Command, process: NodeJS.Process, start: SetupTerminal['start']): Promise<void> {
  const [{ addSetupCommands }, { systemClock }, { systemRandom }] = await Promise.all([
    import('./setup/setup-commands.ts'),
    import('./system/clock.ts'),
    import('./system/random.ts'),
  ]);
  const standardError = openStandardError(process.stderr);
  const said = sayingAsCalled(process);
  const terminal = {
    ...{ start, directory: process.env.MESH_DATA || DEFAULT_DATA, token: process.env.MESH_JOIN_TOKEN || undefined },
    print: (text: string) => void process.stdout.write(`${said(text)}\n`),
    complain: (text: string) => standardError.write(`${said(text)}\n`),
    end: (code: number) => {
      process.exitCode = code;
    },
  };
  addSetupCommands(program, terminal, {
    clock: systemClock,
    random: systemRandom,
    log: createLog('warn', standardError),
  });
}

/** The commands that ask a running node. A node that starts need not load them. */
async function addClients(
  program: Command,
  process: NodeJS.Process,
  stop: AbortSignal,
  version: string,
): Promise<void> {
  const [
    { addRestoreCommand },
    { addDoctorCommand },
    { addClientCommands },
    { addCompletion },
    { addMcpCommand },
    { shellTerminal },
    { systemClock },
  ] = await Promise.all([
    import('./backup/restore-command.ts'),
    import('./doctor/doctor-command.ts'),
    import('./cli/client-commands.ts'),
    import('./cli/completion.ts'),
    import('./cli/mcp-command.ts'),
    import('./cli/shell-terminal.ts'),
    import('./system/clock.ts'),
  ]);
  const said = sayingAsCalled(process);
  const complain = (text: string) => openStandardError(process.stderr).write(`${said(text)}\n`);
  const own = ownNode(process.env, complain);
  const url = process.env.MESH_URL || (own?.url ?? `http://127.0.0.1:${DEFAULT_PORT}`);
  const here = { url: own?.url ?? `http://127.0.0.1:${DEFAULT_PORT}`, token: own?.token };
  const inboxKey = (asked: string) => inboxKeyFor(asked, here, process.env);
  const terminal = shellTerminal(process, { url, own, inboxKey, clock: systemClock, stop, complain, said });
  addMcpCommand(program, process, terminal, version);
  addClientCommands(program, terminal);
  addRestoreCommand(program, terminal, process.env);
  addDoctorCommand(program, terminal, {
    options: SETTINGS.filter(({ secret }) => !secret).map(optionOf),
    environmentOf: (flags) => environmentOf(flags, process.env),
    ...{ flagsOf, version },
  });
  addCompletion(program);
}

/** The node whose data lies here, as its mesh.env says. */
function ownNode({ MESH_DATA }: NodeJS.ProcessEnv, complain: (text: string) => void): Terminal['own'] {
  try {
    const { MESH_URL, MESH_TOKEN } = readEnvironmentFile(MESH_DATA || DEFAULT_DATA);
    return MESH_URL === undefined ? undefined : { url: MESH_URL, token: MESH_TOKEN };
  } catch (error) {
    complain(`mesh: ${refusalOf(error).message}`);
    return undefined;
  }
}

/** Shown to the node of this data directory alone, unless it was set for the one that is asked. */
function inboxKeyFor(
  asked: string,
  here: { readonly url: string; readonly token: string | undefined },
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const { MESH_INBOX_KEY, MESH_TOKEN, MESH_DATA } = environment;
  if (MESH_INBOX_KEY || MESH_TOKEN) return MESH_INBOX_KEY || MESH_TOKEN;
  if (asked !== here.url || here.token !== undefined) return undefined;
  try {
    return readFileSync(join(MESH_DATA || DEFAULT_DATA, 'mailbox', 'org-key'), 'utf8').trim() || undefined;
  } catch (error) {
    // Where there is a token, or no inbox was kept yet, there is no such file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What was typed for each setting. */
function flagsOf(command: Command): Flags {
  return Object.fromEntries(
    SETTINGS.map(({ name }) => [name, command.getOptionValue(camelCase(name)) as string | boolean | undefined]),
  );
}

/** The environment with what mesh.env of the data directory adds. Throws what reading that does. */
function environmentOf(flags: Flags, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return withEnvironmentFile(environment, String(flags.data ?? (environment.MESH_DATA || DEFAULT_DATA)));
}

type Flags = Readonly<Record<string, string | boolean | undefined>>;

async function runNode(
  process: NodeJS.Process,
  stop: AbortSignal,
  version: string,
  flags: Flags,
  started: () => void,
): Promise<void> {
  const standardError = openStandardError(process.stderr);
  let begun: StoreThread | undefined;
  try {
    const { config, secrets } = readConfig(flags, environmentOf(flags, process.env));
    begun = StoreThread.begin(resolve(config.dataDirectory));
    // Most of the modules are loaded beside it.
    const { serveNode } = await import('./serve.ts');
    const running = await serveNode({ config, secrets, version, begun, standardError, stop });
    openLineSink(process.stdout, { missing: () => `${running.ready}\n` }).write(`${running.ready}\n`);
    void noticeReady(running.ready, process.env, createLog(config.logLevel, standardError));
    started();
    compactHeap();
    const failure = await unlessAborted<MeshError | undefined>(stop, running.failed, undefined);
    await running.stop();
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (error === stop.reason) return;
    if (!(error instanceof MeshError)) throw error;
    standardError.write(`mesh: ${sayingAsCalled(process)(error.message)}\n`);
    process.exitCode = 1;
  } finally {
    await begun?.abandon();
  }
}

/** A reader may close its end of a pipe at any time (`mesh status | head`): the rest of the output is then dropped. */
function outliveReaders(process: NodeJS.Process): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'EPIPE') process.exitCode = 1;
    });
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** `--webhook-allow LIST`, with its variable named in the help. Variables are read by readConfig, so that mistakes name their source. */
function optionOf(setting: Setting): Option {
  const flags = setting.takes === undefined ? `--${setting.name}` : `--${setting.name} <${setting.takes}>`;
  const byDefault = setting.default === undefined ? '' : `; default ${setting.default}`;
  return new Option(flags, `${setting.help} (${variableOf(setting)}${byDefault})`);
}

function secretsHelp(): string {
  const lines = SETTINGS.filter(({ secret }) => secret).map(
    (setting) => `  ${variableOf(setting).padEnd(24)}${setting.help}`,
  );
  return `\nSecrets, from the environment only, because every user of the machine sees a command line:\n${lines.join('\n')}\n`;
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
