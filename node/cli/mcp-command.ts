// `mesh mcp`: the tools for agents, for a framework that starts it.
import type { Command } from 'commander';
import type { Terminal } from './command-line.ts';

export function addMcpCommand(
  program: Command,
  { env, stdin, stdout }: Pick<NodeJS.Process, 'env' | 'stdin' | 'stdout'>,
  { url: nodeUrl, token, clock, stop }: Pick<Terminal, 'url' | 'token' | 'clock' | 'stop'>,
  version: string,
): void {
  program
    .command('mcp')
    .description('serve the email tools to an agent framework by MCP over stdio, through a running node')
    .option('--url <URL>', 'the node (MESH_URL)', nodeUrl)
    .option(
      '--agent <AGENT>',
      'id or name of the agent that mail is sent as, unless a call names one (MESH_AGENT)',
      env.MESH_AGENT,
    )
    .option(
      '--inbox <ADDRESS>',
      'the inbox that is meant where the node keeps inboxes, unless a call names one (MESH_INBOX)',
      env.MESH_INBOX,
    )
    .addHelpText(
      'after',
      '\nMESH_TOKEN, else MESH_READ_TOKEN, is shown to a node that asks for it; its inboxes are shown MESH_INBOX_KEY, else MESH_TOKEN.',
    )
    .action(async ({ url, agent, inbox }: { url: string; agent?: string; inbox?: string }) => {
      // Imported here, because the other commands do not need the tools.
      const { serveMcp } = await import('./mcp-server.ts');
      await serveMcp({
        url: url.replace(/\/+$/, ''),
        agent,
        inbox,
        inboxKey: env.MESH_INBOX_KEY || env.MESH_TOKEN || undefined,
        token,
        clock,
        stop,
        version,
        input: stdin,
        output: stdout,
      });
    });
}
