// One level of commands, `mesh …` or `mesh webhooks …`: each asks a running node, and prints what comes of it for a person or, with `--json`,
// for a script.
import type { Command } from 'commander';
import type { Clock } from '../../mesh/ports.ts';
import { visible, visibleIn } from '../machine/visible-text.ts';
import { createNodeClient, type NodeClient, type NodeClientOptions } from './node-client.ts';
import type { Paint, Report } from './report.ts';

export type Question = (question: string) => Promise<string>;

export interface Terminal {
  /** The URL of the node that is asked, unless `--url` names another. */
  readonly url: string;
  readonly token: string | undefined;
  /** The node of this machine's data directory, and what opens it: shown to no other URL, and only where there is no `token`. */
  readonly own?: { readonly url: string; readonly token: string | undefined } | undefined;
  /** What opens the inboxes of the node at that URL, where it is not the token. */
  readonly inboxKey?: (url: string) => string | undefined;
  readonly clock: Clock;
  /** Gives up the question to the node. */
  readonly stop: AbortSignal;
  readonly paint: Paint;
  /** For a person. */
  print(text: string): void;
  /** For a script. */
  printJson(value: unknown): void;
  complain(text: string): void;
  /** Asks a person and resolves with the answer; absent where nobody could answer. */
  readonly ask?: Question | undefined;
  /** Shows that something is under way, until what it returns is called. */
  wait(): () => void;
  /** Sets the exit code. */
  end(code: number): void;
}

/** Flags that every command has. */
export interface Asking {
  readonly url: string;
  readonly json?: true;
}

/** Asks the node and reports. Throws an Error whose message is the node's refusal. */
export type Work = (call: NodeClient, paint: Paint, around: Around) => Promise<Report>;

/** What few commands need besides. */
interface Around {
  readonly node: NodeClientOptions;
  readonly ask: Question | undefined;
}

/** What a header can carry of a token. */
const HEADER_TEXT = /^[\x21-\x7e]+$/;
const UNSENDABLE =
  'The token that is set (MESH_TOKEN, MESH_READ_TOKEN or MESH_INBOX_KEY) has a character that no token has, such as a space or the end of a line: a file from which it was read may end its lines as Windows does.';

const TRAILING = /\/+$/;

export class CommandLine {
  readonly #parent: Command;
  readonly #terminal: Terminal;

  constructor(parent: Command, terminal: Terminal) {
    this.#parent = parent;
    this.#terminal = terminal;
  }

  /** `mesh NAME …`, a level of its own. */
  group(name: string, description: string): CommandLine {
    return new CommandLine(this.#parent.command(name).description(description), this.#terminal);
  }

  /** A command with its flags `--url` and `--json`. */
  add(usage: string, description: string): Command {
    return this.#parent
      .command(usage)
      .description(description)
      .option('--url <URL>', 'the node (MESH_URL)', this.#terminal.url)
      .option('--json', "print the node's answer as JSON")
      .addHelpText(
        'after',
        '\nMESH_TOKEN, else MESH_READ_TOKEN, is shown to a node that asks for it. Exit code 1: not well, or refused.',
      );
  }

  /** `shown`: what is shown to the node. */
  async run({ url, json }: Asking, work: Work, shown: 'token' | 'inboxes' = 'token'): Promise<void> {
    const { own, clock, stop, paint, print, printJson, complain, ask, wait, end } = this.#terminal;
    const origin = url.replace(TRAILING, '');
    const opening = this.#terminal.token ?? (own?.url.replace(TRAILING, '') === origin ? own.token : undefined);
    const token = shown === 'inboxes' ? (this.#terminal.inboxKey?.(url) ?? opening) : opening;
    const node = { url: origin, token, clock, stop };
    const call = createNodeClient(node);
    const done = wait();
    try {
      if (token !== undefined && !HEADER_TEXT.test(token)) throw new Error(UNSENDABLE);
      const { text, value, ok } = await work(json ? call : visiblyAsking(call), paint, { node, ask });
      done();
      if (json) printJson(value);
      else print(text);
      if (!ok) end(1);
    } catch (error) {
      done();
      complain(`mesh: ${visible(((stop.aborted ? stop.reason : error) as Error).message)}`);
      end(1);
    }
  }
}

/** An answer or a refusal may hold words of others. Shown on one line, they can't pass for a line of this program. */
function visiblyAsking(call: NodeClient): NodeClient {
  return async (...question) => {
    try {
      return visibleIn(await call(...question)) as Awaited<ReturnType<NodeClient>>;
    } catch (error) {
      throw new Error(visible((error as Error).message), { cause: error });
    }
  };
}
