// The terminal of whoever typed the command: colours and a sign of life only where a person looks, never in what a script reads.
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import yoctoSpinner from 'yocto-spinner';
import { visibleLines } from '../machine/visible-text.ts';
import type { Question, Terminal } from './command-line.ts';
import { PLAIN } from './report.ts';

/** Work that takes no longer needs no sign of life. */
const QUIET_MS_MAX = 1_000;

interface Asking extends Pick<Terminal, 'url' | 'own' | 'inboxKey' | 'clock' | 'stop' | 'complain'> {
  /** A text for a person, with its commands as they were called. */
  readonly said: (text: string) => string;
}

type Shell = Pick<NodeJS.Process, 'env' | 'stdin' | 'stdout' | 'stderr' | 'exitCode'>;

/** `complain` writes a line to standard error. */
export function shellTerminal(shell: Shell, { said, ...asking }: Asking): Terminal {
  const { env, stdin, stdout, stderr } = shell;
  let stopWaiting = () => {};
  const paint =
    (format: Parameters<typeof styleText>[0]) =>
    (text: string): string =>
      styleText(format, text, { stream: stdout });
  return {
    ...asking,
    token: shownToken(env),
    // NO_COLOR and a pipe are looked at by styleText itself.
    paint: stdout.isTTY ? { good: paint('green'), bad: paint('red'), faint: paint('dim') } : PLAIN,
    print: (text) => void stdout.write(`${said(text)}\n`),
    printJson: (value) => void stdout.write(`${visibleLines(JSON.stringify(value, null, 2))}\n`),
    ask: stdin.isTTY && stderr.isTTY ? questionAt(shell, asking.stop, () => stopWaiting()) : undefined,
    wait: () => {
      stopWaiting = stderr.isTTY ? spin(stderr) : () => undefined;
      return stopWaiting;
    },
    end: (code) => {
      shell.exitCode = code;
    },
  };
}

/** What a command shows the node: the token that opens everything, else the one for reading. */
function shownToken({ MESH_TOKEN, MESH_READ_TOKEN }: NodeJS.ProcessEnv): string | undefined {
  return MESH_TOKEN || MESH_READ_TOKEN || undefined;
}

/** `before`: called before anything is asked. */
function questionAt({ stdin, stderr }: Shell, signal: AbortSignal, before: () => void): Question {
  return async (question) => {
    before();
    const asking = createInterface({ input: stdin, output: stderr });
    try {
      return await asking.question(question, { signal });
    } finally {
      asking.close();
    }
  };
}

function spin(stream: NodeJS.WriteStream): () => void {
  const spinner = yoctoSpinner({ text: 'asking the node', stream, handleSignals: false });
  const timer = setTimeout(() => spinner.start(), QUIET_MS_MAX);
  return () => {
    clearTimeout(timer);
    if (spinner.isSpinning) spinner.stop();
  };
}
