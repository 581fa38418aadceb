// Where the steps of the mailbox's proof are walked: three hosts of a mesh, a Postfix that takes what they send, a DNS, and AgentMail's own
// client, unchanged, on their sockets.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentMail, AgentMailClient } from 'agentmail';
import { expect, vi } from 'vitest';
import { freePorts, type HostProcess } from '../../scripts/host-process.ts';
import { Postfix, type PostfixOptions, whyNoPostfix } from '../../scripts/postfix.ts';
import { type LiveMailbox, liveMailboxOf, MISSING_SWAKS } from './live-mailbox.ts';
import { whyNoSmtpSource } from './smtp-source.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';

/** Why a step that needs programs is skipped; `undefined` when it is not. */
export const WITHOUT_SWAKS = MISSING_SWAKS;
export const WITHOUT_POSTFIX = whyNoPostfix() ?? MISSING_SWAKS;
export const WITHOUT_SMTP_SOURCE = whyNoSmtpSource();

/** Under which the hosts believe that they are reached from everywhere. */
export const PUBLIC_URL = 'https://mail.example.com';

export interface ProofWorld extends LiveMailbox {
  /** The client of the second host. */
  readonly onCloud: AgentMailClient;
  readonly cloud: HostProcess;
  /** What takes mail for mail.example.com, where it is installed. */
  readonly postfix: Postfix;
  /** An inbox that no other step has. */
  newInbox(): Promise<string>;
}

/** Registers the tests of some steps, whose titles begin with the numbers of those. */
export type ProofSteps = (world: () => ProofWorld) => void;

export async function proofWorld(): Promise<ProofWorld> {
  await using stack = new AsyncDisposableStack();
  const ports = await freePorts(2);
  const postfix = whyNoPostfix() === undefined ? stack.use(await Postfix.start(bouncingTo(ports[0]))) : undefined;
  const flags = postfix === undefined ? [] : ['--send-accounts', accountsFile(stack, postfix)];
  const atUrl = ['--mailbox-public-url', PUBLIC_URL];
  const live = stack.use(await liveMailboxOf(['mac', 'cloud', 'mini'], [...flags, ...atUrl], ports));
  // Each sender of many mails comes as a machine of its own.
  live.zone.set('y.com', ['v=spf1 ip4:127.0.0.0/8 -all']);
  // A mesh claims nothing before its hosts have agreed, which takes a while.
  const wish = { username: 'first', clientId: 'first' };
  const first = await vi.waitFor(() => live.client.inboxes.create(wish), { timeout: LIVE_MS_MAX });
  await live.client.inboxes.delete(first.inboxId);
  const cloud = live.mesh.host('cloud');
  const owned = stack.move();
  let inboxes = 0;
  return {
    ...{ ...live, cloud, onCloud: new AgentMailClient({ apiKey: keyOf(cloud), baseUrl: cloud.url }) },
    get postfix() {
      return postfix ?? expect.fail('This step needs Postfix, and is skipped without it.');
    },
    newInbox: async () => {
      inboxes += 1;
      return (await live.client.inboxes.create({ username: `inbox-${inboxes}` })).inboxId;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Takes mail for whoever has no mailbox, as a server that stands in front of others does, and then says by a mail of its own that it can't. */
function bouncingTo(smtp: number | undefined): PostfixOptions {
  return { inboxesAt: `smtp:[127.0.0.1]:${smtp}`, settings: { smtpd_reject_unlisted_recipient: 'no' } };
}

/** The key that opens all of a host. */
export function keyOf({ dataDirectory }: HostProcess): string {
  return readFileSync(join(dataDirectory, 'mailbox', 'org-key'), 'utf8').trim();
}

/** Accounts of a node that sends through that Postfix; one that is started again reads them again. */
export function accountsFile(stack: AsyncDisposableStack, postfix: Postfix, more: object = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-accounts-'));
  stack.defer(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'accounts.json');
  const account = { id: 'local', host: '127.0.0.1', port: postfix.port, security: 'none', ratePerHour: 1_000_000 };
  writeFileSync(file, JSON.stringify({ accounts: [account], agentRatePerHour: 1_000_000, ...more }), { mode: 0o600 });
  return file;
}

export const idsIn = ({ messages }: AgentMail.ListMessagesResponse): readonly string[] =>
  messages.map(({ messageId }) => messageId);

/** The octets behind a link. */
export async function download(url: string): Promise<Buffer> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

/** A field of a mail, its lines joined. */
export function field(mail: string, name: string): string | undefined {
  const found = new RegExp(`^${name}: ?((?:.*)(?:\\n[ \\t].*)*)`, 'im').exec(mail.replaceAll('\r\n', '\n'));
  return found?.[1]?.replaceAll(/\s+/g, ' ');
}

/** The mail with that Message-ID in a mailbox of Postfix, once it is there: mails may lie there in another order than they were sent. */
export function mailAt(postfix: Postfix, user: string, messageId: string): Promise<string> {
  const find = async () => {
    const mails = await postfix.mailbox(user);
    return mails.find((mail) => field(mail, 'Message-ID') === messageId) ?? expect.fail(`no ${messageId} yet`);
  };
  return vi.waitFor(find, { timeout: LIVE_MS_MAX });
}
