// Whether the threads of an inbox are those of its mails, as far as neither is held back.
import type { MailboxAsker } from './mailbox-asker.ts';

interface ShownThreads {
  /** Mails that are shown. */
  readonly mails: number;
  /** Threads that have several of them. */
  readonly joined: number;
  /** A sentence for each thread that has other mails than are listed of it. */
  readonly violations: readonly string[];
}

export async function shownThreads(asker: MailboxAsker, inboxId: string): Promise<ShownThreads> {
  const mails = Map.groupBy(await asker.shown(inboxId, 'messages'), ({ thread_id: id }) => id);
  const threads = new Map((await asker.shown(inboxId, 'threads')).map((thread) => [thread.thread_id, thread]));
  const counts = [...mails.values()].map(({ length }) => length);
  const violations = [...new Set([...mails.keys(), ...threads.keys()])].flatMap((id) => {
    const [listed, counted] = [mails.get(id)?.length ?? 0, threads.get(id)?.message_count ?? 0];
    return listed === counted ? [] : [`thread ${id} has ${counted} mails, and ${listed} are listed`];
  });
  return {
    mails: counts.reduce((sum, count) => sum + count, 0),
    joined: counts.filter((count) => count > 1).length,
    violations,
  };
}
