// A real node that takes mail by SMTP and LMTP from programs that nobody here wrote, and AgentMail's own client, which reads it.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentMailClient } from 'agentmail';
import { freePorts, type HostProcess, ProcessMesh } from '../../scripts/host-process.ts';
import { serveZone, type Zone } from './zone.ts';

const run = promisify(execFile);
/** Mail from y.com is its own when it comes from this machine; nobody answers for any other domain. */
const ZONE = {
  'y.com': ['v=spf1 ip4:127.0.0.1 -all'],
  '_dmarc.y.com': ['v=DMARC1; p=reject'],
} as const;

export const MISSING_SWAKS = whyNoSwaks();

/** What the name of a test says that is skipped. */
export const UNLESS_SWAKS = MISSING_SWAKS === undefined ? '' : `: skipped, ${MISSING_SWAKS}`;

function whyNoSwaks(): string | undefined {
  try {
    execFileSync('swaks', ['--version']);
    return undefined;
  } catch {
    // Not installed: the name of the test says so.
    return 'swaks is not installed (apt-get install swaks)';
  }
}

export interface LiveMailbox extends AsyncDisposable {
  readonly mesh: ProcessMesh;
  readonly host: HostProcess;
  readonly apiKey: string;
  readonly client: AgentMailClient;
  /** Hands a whole mail over, as jane@y.com by SMTP unless `more` says otherwise; answers what swaks printed. Rejects when it was refused. */
  send(to: string, mail: string, ...more: readonly string[]): Promise<string>;
  /** Arguments of swaks that hand mail over by LMTP, where nobody knows whose machine sent it. */
  readonly byLmtp: readonly string[];
  /** Ports of 127.0.0.1. */
  readonly smtp: number;
  readonly lmtp: number;
  /** What the DNS says from now on: of texts by their name, of `MX name` and the like; what is not there does not exist. */
  readonly zone: Zone;
}

/** Inboxes are at agents.example.com. */
export function liveMailbox(...flags: readonly string[]): Promise<LiveMailbox> {
  return liveMailboxOf(['mac'], flags);
}

/** A mesh of hosts, the first of which takes the mail. `ports`: for SMTP and LMTP, where somebody has to know them before. */
export async function liveMailboxOf(
  hosts: readonly string[],
  flags: readonly string[] = [],
  ports?: readonly number[],
): Promise<LiveMailbox> {
  const disposal = new AsyncDisposableStack();
  const zone: Zone = new Map(Object.entries(ZONE));
  const dns = disposal.use(await serveZone(zone));
  const [smtp = 0, lmtp = 0] = ports ?? (await freePorts(2));
  const specs = hosts.map((id) => ({ id }));
  const domains = ['--mailbox-domain', 'agents.example.com', '--mailbox-mx', 'mx.example.com'];
  const mesh = await ProcessMesh.create(specs, {
    flags: ['--mailbox', ...domains, '--mailbox-dns', dns.at, ...flags],
  });
  disposal.use(mesh);
  const host = mesh.host(hosts[0] ?? '');
  host.environment = { MESH_MAILBOX_SMTP: `127.0.0.1:${smtp}`, MESH_MAILBOX_LMTP: `127.0.0.1:${lmtp}` };
  await mesh.start();
  const apiKey = readFileSync(join(host.dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
  let sent = 0;
  return {
    ...{ mesh, host, apiKey, client: new AgentMailClient({ apiKey, baseUrl: host.url }), smtp, lmtp, zone },
    byLmtp: ['--protocol', 'LMTP', '--port', String(lmtp)],
    send: async (to, mail, ...more) => {
      sent += 1;
      const file = join(mesh.directory, `${sent}.eml`);
      // swaks ends the last line itself.
      writeFileSync(file, mail.replace(/\r\n$/, ''));
      const place = ['--server', '127.0.0.1', '--port', String(smtp), '--helo', 'mx.y.com'];
      const { stdout } = await run('swaks', [
        ...place,
        '--from',
        'jane@y.com',
        '--to',
        to,
        '--data',
        `@${file}`,
        ...more,
      ]);
      return stdout;
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** The lines of a mail from Jane: header fields, an empty line, the body. */
export function mailOf(id: string, subject: string, ...more: readonly string[]): string {
  const header = [
    `Message-ID: ${id}`,
    'From: Jane <jane@y.com>',
    'To: support@agents.example.com',
    `Subject: ${subject}`,
  ];
  return [...header, 'Date: Sat, 28 Nov 2026 09:00:00 +0000', ...more, ''].join('\r\n');
}

/** What a call of the client is refused with: the status and the code. */
export function refusal(call: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(call).then(
    () => 'nothing was refused',
    (error: { statusCode?: number; body?: { code?: string } }) => [error.statusCode, error.body?.code],
  );
}
