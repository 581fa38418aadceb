#!/usr/bin/env node
// The `mesh` command. The one place that touches the process: it reads flags and environment, builds the real ports, starts
// the node they make, and stops it on a signal.
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { MeshError } from '../mesh/errors.ts';
import { readConfig, SETTINGS, type Setting, variableOf } from './config.ts';
import { serveNode } from './serve.ts';

const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

const program = new Command('mesh')
  .description(
    'A node of the agent email mesh: it owns the email addresses of its agents, one owner per address in the whole mesh.',
  )
  .version(version);

const start = program.command('start', { isDefault: true }).description("run this host's node until SIGTERM or SIGINT");
for (const setting of SETTINGS) if (!setting.secret) start.addOption(optionOf(setting));
start.addHelpText('after', secretsHelp());
program.addHelpText(
  'after',
  '\n`mesh start --help` lists the settings; `start` is what runs when no command is named.',
);
start.action(async (_, command: Command) => {
  const flags = Object.fromEntries(
    SETTINGS.map(({ name }) => [name, command.getOptionValue(camelCase(name)) as string | boolean | undefined]),
  );
  await run(flags);
});

await program.parseAsync();

async function run(flags: Readonly<Record<string, string | boolean | undefined>>): Promise<void> {
  try {
    const { config, secrets } = readConfig(flags, process.env);
    const running = await serveNode({ config, secrets, version });
    process.stdout.write(`${running.ready}\n`);
    const stop = new Promise<string>((resolve) => {
      process.once('SIGTERM', () => resolve('SIGTERM'));
      process.once('SIGINT', () => resolve('SIGINT'));
    });
    const failure = await Promise.race([stop.then(() => undefined), running.failed]);
    await running.stop();
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    process.stderr.write(`mesh: ${error.message}\n`);
    process.exitCode = 1;
  }
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
