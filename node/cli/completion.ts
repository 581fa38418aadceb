// `mesh completion bash|zsh|fish`: what a shell needs to complete the command's words, which it asks this program for at each Tab.
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

export function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
}
