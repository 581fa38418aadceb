// A real Dovecot of one's own that takes mail by LMTP into Maildirs, for benchmarks: what a mail server without us delivers to. Its
// configuration, sockets and mail lie in a directory that goes with it. Needs root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from './host-process.ts';
import { greets } from './postfix.ts';

const START_MS_MAX = 60_000;
/** Whoever owns nothing else: its mail is his. */
const OWNER = 'nobody';

/** Why there is no Dovecot here; `undefined` when there is. */
export function whyNoDovecot(): string | undefined {
  if (process.getuid?.() !== 0) return 'Dovecot needs root to start';
  try {
    execFileSync('doveconf', ['-h', 'base_dir'], { stdio: 'ignore' });
    execFileSync('test', ['-x', '/usr/lib/dovecot/lmtp'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Dovecot is not installed (apt-get install dovecot-lmtpd)';
  }
}

export class Dovecot implements AsyncDisposable {
  /** Where it takes mail by LMTP, on loopback; whoever it is for. */
  readonly port: number;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(port: number, directory: string, child: ChildProcess) {
    [this.port, this.#directory, this.#child] = [port, directory, child];
  }

  static async start(): Promise<Dovecot> {
    const directory = await mkdtemp(join(tmpdir(), 'mesh-dovecot-'));
    const [port = 0] = await freePorts(1);
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, OWNER], { encoding: 'utf8' })));
    await chmod(directory, 0o755);
    await mkdir(join(directory, 'boxes'));
    await chown(join(directory, 'boxes'), uid ?? 0, gid ?? 0);
    const file = join(directory, 'dovecot.conf');
    await writeFile(file, configuration(directory, port, `uid=${uid} gid=${gid}`));
    const child = spawn('dovecot', ['-F', '-c', file], { stdio: 'ignore' });
    const dovecot = new Dovecot(port, directory, child);
    for (const untilMs = Date.now() + START_MS_MAX; !(await greets(port)); await pause(50))
      if (Date.now() > untilMs || child.exitCode !== null) {
        const said = await readFile(join(directory, 'log'), 'utf8').catch(() => '');
        await dovecot[Symbol.asyncDispose]();
        throw new Error(`Dovecot did not answer:\n${said}`);
      }
    return dovecot;
  }

  /** How many mails lie in a mailbox. */
  async count(user: string): Promise<number> {
    return (await readdir(join(this.#directory, 'boxes', user, 'new')).catch(() => [])).length;
  }

  async empty(user: string): Promise<void> {
    await rm(join(this.#directory, 'boxes', user), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill();
      await ended;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configuration(directory: string, port: number, owner: string): string {
  return `base_dir = ${join(directory, 'run')}
state_dir = ${join(directory, 'state')}
instance_name = ${directory.split('/').at(-1)}
log_path = ${join(directory, 'log')}
protocols = lmtp
ssl = no
first_valid_uid = 1
mail_location = maildir:~/
auth_mechanisms = plain
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = ${owner} home=${join(directory, 'boxes')}/%n allow_all_users=yes
}
protocol lmtp {
  postmaster_address = postmaster@mail.example.com
}
service lmtp {
  unix_listener lmtp {
    mode = 0
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`;
}
