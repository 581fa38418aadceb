#!/usr/bin/env -S node --max-semi-space-size=8
// The `mesh` command: the one place that touches the process. It keeps the compiled form of the modules between starts (a
// quarter of a second and 20 MB less at each), so everything else is imported only after that was switched on.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Before anything else: as process 1 (in a container), signals that nobody handles are lost.
const stop = stopOnSignals();
// Beside the dependencies, which are as trusted as what is kept there. Where that can't be written, the node starts slower.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/mesh', import.meta.url)));
endWithLauncher();
const { runCommand } = await import('./command.ts');
await runCommand(process, stop, flushCompileCache);

/**
 * Aborts at the first of the signals that ask a process to end; SIGHUP comes of a terminal that closes. More of them change nothing, for
 * a node that is told twice (by the terminal and by npm) must not be cut off while it stops, which takes seconds.
 */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(name, () => stopping.abort(new Error(`stopped by ${name}`)));
  return stopping.signal;
}

/** `mesh.js` under an older Node passes signals on; when it is killed it can't, and what it started must not stay behind. */
function endWithLauncher(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
