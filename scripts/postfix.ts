// A real Postfix of one's own, for tests and benchmarks: its configuration, queue and mailboxes in a directory that goes with it, on a free port of
// loopback, delivering mail for mail.example.com into Maildirs and for agents.example.com to a mailbox, if there is one. Needs root.
import { execFile, execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS_MAX = 60_000;

/** Why the tests with Postfix are skipped here; `undefined` when they are not. */
export function whyNoPostfix(): string | undefined {
  if (process.getuid?.() !== 0) return 'Postfix needs root to start';
  try {
    execFileSync('postconf', ['-d', 'mail_version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Postfix is not installed (apt-get install postfix)';
  }
}

export interface PostfixOptions {
  /** A port of this machine that everything goes on to, in place of the mailboxes. */
  readonly relayTo?: number;
  /** Where mail for agents.example.com goes, as Postfix writes it: `lmtp:inet:127.0.0.1:2400`, `smtp:[127.0.0.1]:2500`. */
  readonly inboxesAt?: string;
  /** Further settings of main.cf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class Postfix implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.port = port;
  }

  static async start(options: PostfixOptions = {}): Promise<Postfix> {
    const directory = await mkdtemp(join(tmpdir(), 'mesh-postfix-'));
    const postfix = new Postfix(directory, await freePort());
    await postfix.#configure(options);
    await run('postfix', ['-c', join(directory, 'etc'), 'start']);
    await postfix.#answering();
    return postfix;
  }

  /** Stops it, as a server that goes away does; `start` again on the same port and queue. */
  async stop(): Promise<void> {
    await run('postfix', ['-c', join(this.#directory, 'etc'), 'stop']);
  }

  async startAgain(): Promise<void> {
    await run('postfix', ['-c', join(this.#directory, 'etc'), 'start']);
    await this.#answering();
  }

  /** Messages that lie in a mailbox, as files have them. */
  async mailbox(user: string): Promise<readonly string[]> {
    const folder = join(this.#directory, 'boxes', user, 'new');
    const names = await readdir(folder).catch(() => []);
    return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
  }

  /** The mail of a mailbox, once there is so much: Postfix delivers after it has accepted. */
  async mailboxOf(user: string, count: number, msMax = 90_000): Promise<readonly string[]> {
    for (const untilMs = Date.now() + msMax; Date.now() < untilMs; ) {
      const found = await this.mailbox(user);
      if (found.length >= count) return found;
      await pause(50);
    }
    return this.mailbox(user);
  }

  /** How many messages lie in a mailbox. */
  async count(user: string): Promise<number> {
    return (await readdir(join(this.#directory, 'boxes', user, 'new')).catch(() => [])).length;
  }

  async empty(user: string): Promise<void> {
    await rm(join(this.#directory, 'boxes', user), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #configure({ relayTo, inboxesAt, settings = {} }: PostfixOptions): Promise<void> {
    const at = (...parts: string[]) => join(this.#directory, ...parts);
    const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')]);
    await chmod(this.#directory, 0o755);
    for (const name of ['etc', 'queue', 'data', 'boxes']) await mkdir(at(name), { mode: 0o755 });
    await chown(at('data'), uid, gid);
    await chown(at('boxes'), uid, gid);
    await writeFile(
      at('etc', 'main.cf'),
      `compatibility_level = 3.6
queue_directory = ${at('queue')}
data_directory = ${at('data')}
mail_owner = postfix
myhostname = mx.mail.example.com
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{nobody@mail.example.com=REJECT}, permit_mynetworks, reject
${relayTo === undefined ? 'default_transport = error:nothing leaves this machine' : ''}
${relayTo === undefined ? 'virtual_mailbox_domains = mail.example.com' : `relayhost = [127.0.0.1]:${relayTo}`}
virtual_mailbox_base = ${at('boxes')}
virtual_mailbox_maps = inline:{bob@mail.example.com=bob/, ann@mail.example.com=ann/, catch@mail.example.com=catch/, fred@mail.example.com=fred/}
virtual_uid_maps = static:${uid}
virtual_gid_maps = static:${gid}
virtual_minimum_uid = 1
alias_maps =
alias_database =
maillog_file = ${at('log')}
maillog_file_prefixes = ${this.#directory}
smtputf8_enable = yes
${inboxesAt === undefined ? '' : `relay_domains = agents.example.com\ntransport_maps = inline:{agents.example.com=${inboxesAt}}`}
${Object.entries(settings)
  .map(([name, value]) => `${name} = ${value}`)
  .join('\n')}
`,
    );
    const services = await readFile('/etc/postfix/master.cf.proto', 'utf8').catch(() =>
      readFile('/usr/share/postfix/master.cf.dist', 'utf8'),
    );
    // Everything unchrooted, one smtpd on our port, and a queue that is looked through as often as `queue_run_delay` says.
    const lines = services
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => (/^smtp\s+inet/.test(line) ? line.replace(/^smtp/, `127.0.0.1:${this.port}`) : line))
      .map((line) => line.replace(/^(\S+\s+\S+\s+\S+\s+\S+\s+)y(\s)/, '$1n$2'))
      .map((line) => line.replace(/^(qmgr\s+unix\s+n\s+-\s+\S+\s+)300\s/, '$11 '));
    await writeFile(at('etc', 'master.cf'), `${lines.join('\n')}\n`);
  }

  /** What it has logged since it began. */
  log(): Promise<string> {
    return readFile(join(this.#directory, 'log'), 'utf8');
  }

  async #answering(): Promise<void> {
    const untilMs = Date.now() + START_MS_MAX;
    while (Date.now() < untilMs) {
      if (await greets(this.port)) return;
      await pause(50);
    }
    throw new Error(`Postfix did not answer:\n${await this.log().catch(() => '')}`);
  }
}

async function idOf(flag: string): Promise<number> {
  return Number((await run('id', [flag, 'postfix'])).stdout);
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Whether a mail server greets whoever comes to a port of loopback. */
export function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('data', () => {
      socket.end('QUIT\r\n');
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
