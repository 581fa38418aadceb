#!/usr/bin/env -S node --max-semi-space-size=8 --wasm-wrapper-tiering-budget=2147483647
// The `mesh` command: the one place that touches the process. It keeps the compiled form of the modules between starts (a
// quarter of a second and 20 MB less at each), so everything else is imported only after that was switched on.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { parseStopSignal, SignalWay, STOP_SIGNALS, type StopSignal } from './stop-signals.ts';
import { GENERAL_WASM_WRAPPERS } from './system/v8-flags.ts';

/** What shells say of a program that SIGINT (2) ended. */
const INTERRUPTED_CODE = 128 + 2;

// Before anything else: as process 1 (in a container), signals that nobody handles are lost.
const stop = stopOnSignals();
// Beside the dependencies, which are as trusted as what is kept there. Where that can't be written, the node starts slower.
const compiled = fileURLToPath(new URL('../node_modules/.cache/mesh', import.meta.url));
enableCompileCache(compiled);
// Threads know of it by this alone. Without it each strips the types of its modules anew, by a WebAssembly that takes 15 MB in every thread.
process.env.NODE_COMPILE_CACHE ??= compiled;
endWithLauncher();
// Before there is a second thread: who starts this file by itself need not know of it.
setFlagsFromString(GENERAL_WASM_WRAPPERS);
const { runCommand } = await import('./command.ts');
await runCommand(process, stop, flushCompileCache);

/**
 * Aborts at the first of the signals that ask a process to end; SIGHUP comes of a terminal that closes. A second Ctrl-C ends the process
 * at once, which costs no more than a power cut, for what was answered is on disk.
 */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  const hear = (way: SignalWay, signal: StopSignal) => {
    if (way.isSecondCtrlC(signal, performance.now())) endNow();
    stopping.abort(new Error(`stopped by ${signal}`));
  };
  const direct = new SignalWay();
  for (const signal of STOP_SIGNALS) process.on(signal, () => hear(direct, signal));
  const launcher = new SignalWay();
  process.on('message', (message) => {
    const signal = parseStopSignal(message);
    if (signal !== undefined) hear(launcher, signal);
  });
  return stopping.signal;
}

/** Ends the process as if SIGINT had never been handled, so that a shell sees what ended it. */
function endNow(): never {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
  // Process 1 has no default action for a signal.
  process.exit(INTERRUPTED_CODE);
}

/**
 * `mesh.js` under an older Node passes signals on over the channel. When it is killed it can't, and what it started must not stay behind.
 * The channel alone keeps no process going.
 */
function endWithLauncher(): void {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
