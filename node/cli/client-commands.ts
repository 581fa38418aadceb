// Every command that asks a running node.
import type { Command } from 'commander';
import { addAddressCommands } from './address-commands.ts';
import { addAgentCommands } from './agent-commands.ts';
import { addBackupCommand } from './backup-command.ts';
import { CommandLine, type Terminal } from './command-line.ts';
import { addHostCommands } from './host-commands.ts';
import { addImportCommand } from './import-command.ts';
import { addKeyCommands } from './key-commands.ts';
import { addMailboxCommands } from './mailbox-commands.ts';
import { addOperatorCommands } from './operator-commands.ts';
import { addWebhookCommands } from './webhook-commands.ts';

export function addClientCommands(program: Command, terminal: Terminal): void {
  const commands = new CommandLine(program, terminal);
  addOperatorCommands(commands);
  addHostCommands(commands);
  addAddressCommands(commands);
  addAgentCommands(commands);
  addWebhookCommands(commands);
  addKeyCommands(commands);
  addMailboxCommands(commands);
  addBackupCommand(commands);
  addImportCommand(commands);
}
