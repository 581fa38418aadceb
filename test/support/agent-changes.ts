// What an entry of the log says about addresses; a test that expects an agent's event fails here when it is one of mail.
import type { AgentChanges, ChangeEntry } from '../../node/changes/change-log.ts';

export function changesOf(entry: ChangeEntry | undefined): AgentChanges {
  if (entry !== undefined && 'changes' in entry) return entry.changes;
  throw new Error(`The log holds ${entry?.event ?? 'nothing'} where an agent's change was expected.`);
}
