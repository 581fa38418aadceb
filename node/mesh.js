#!/usr/bin/env node
// The `mesh` command as any Node can start it. The program needs Node 24: where this is an older one, it runs under the Node that npm
// installed beside it, with the same standard streams, signals and exit code. In a clone the program is TypeScript; in an installed package
// it is what scripts/pack made of that, because Node strips no types below node_modules.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const NODE_MAJOR_MIN = 24;
/** What each is for: system/v8-flags.ts. */
const V8_FLAGS = ['--max-semi-space-size=8', '--wasm-wrapper-tiering-budget=2147483647'];
/** npm installs the one of this machine's kind. */
const NODE_PACKAGES = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];
/** Of a clone, else of an installed package. */
const MAIN = [new URL('./main.ts', import.meta.url), new URL('../dist/node/main.js', import.meta.url)].find((url) =>
  existsSync(url),
);
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'];
/** This command and nothing beside it, as npm hands it to a shell. A script of somebody's own may leave it running on purpose. */
const NPM_SCRIPT = /^(?:'?mesh'?|exec node node\/mesh\.js)(?: [^&;|]*)?$/;
const PARENT_LOOK_MS = 500;

endWithNpm(process.env);
if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) {
  for (const flag of V8_FLAGS) setFlagsFromString(flag);
  await import(MAIN.href);
} else {
  const node = installedNode();
  if (node === undefined) {
    process.stderr.write(
      `mesh: this needs Node ${NODE_MAJOR_MIN} or newer. This is Node ${process.versions.node}, and none was installed with it: run 'npm install' in ${fileURLToPath(new URL('..', import.meta.url))}, or start it with a newer Node.\n`,
    );
    process.exitCode = 1;
  } else run(node);
}

function installedNode() {
  const { resolve } = createRequire(import.meta.url);
  for (const name of NODE_PACKAGES)
    try {
      return resolve(`${name}/bin/node`);
    } catch {
      // npm installs only the package of this machine's kind.
    }
  return undefined;
}

/**
 * npm passes a signal on to the shell that it put between itself and this process. A shell that ends of it tells nobody, and an npm that is
 * killed tells nobody either: then the line of parents is another one, and this process stops in order.
 */
function endWithNpm({ npm_lifecycle_script: script = '' }) {
  if (!NPM_SCRIPT.test(script)) return;
  const parents = parentsUpToNpm();
  const looks = setInterval(() => {
    if (parentsUpToNpm() === parents) return;
    clearInterval(looks);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_LOOK_MS);
  looks.unref();
}

/** The parent, and where that is a shell with a command line of its own (`sh -c`), the shell's parent, as far as the system tells. */
function parentsUpToNpm() {
  const parent = process.ppid;
  try {
    const [, option] = readFileSync(`/proc/${parent}/cmdline`, 'latin1').split('\0');
    if (option !== '-c') return `${parent}`;
    return `${parent} ${/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${parent}/status`, 'latin1'))?.[1]}`;
  } catch {
    // There is no /proc on macOS, whose shell is replaced by the command that it was given.
    return `${parent}`;
  }
}

/** The channel tells the program which signals came, and when this process is gone, however it ended: see main.ts. */
function run(node) {
  const child = spawn(node, [...V8_FLAGS, ...process.argv.slice(1)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal tells its whole foreground, so the program may have the signal already. By the channel it can tell one from the other.
  for (const signal of FORWARDED)
    process.on(signal, () => {
      if (child.connected) child.send(signal, ignoreFailure);
    });
  child.on('error', (error) => {
    process.stderr.write(`mesh: ${node} can't be started (${error.message}). Run 'npm install' again.\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code;
    else endAs(signal);
  });
}

/** A program that ends just now needs no signal any more; how it ended is told by `exit`. */
function ignoreFailure() {}

/** Whoever started this sees that the program was ended by a signal, and by which. */
function endAs(signal) {
  for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
  process.kill(process.pid, signal);
}
