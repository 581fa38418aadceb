// `mesh status`, a line each: what is looked at, whether it is well, and where it is not, what to do. Pure: what it is made of was asked before.

import type { HostShown } from './host-shown.ts';
import type { Measures } from './measures.ts';

export interface StatusLine {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface Seen {
  readonly hosts: readonly HostShown[];
  /** Why no address can be claimed, and what decides. */
  readonly trouble: string | undefined;
  readonly deciding: string | undefined;
  /** How many addresses another host has too; or why that can't be told. */
  readonly doubles: { readonly conceded: number; readonly undecided: number } | string;
  /** Or why they can't be told. */
  readonly measures: Measures | string;
  /** The accounts that mail goes out through; or why they can't be told. */
  readonly accounts: readonly AccountShown[] | string;
  /** By the clock of this machine. */
  readonly nowMs: number;
}

/** What the node says of an account. */
export interface AccountShown {
  readonly id: string;
  readonly health: string;
  readonly lastError?: string;
}

/** A copy that its host has not confirmed for so long answers for the past (COPY_FRESH_MS_MAX of the node). */
const COPY_FRESH_MS_MAX = 40_000;
/** Less than this is full soon: the commit log and the database need room to go on. */
const DISK_FREE_BYTES_MIN = 500 * 1_024 ** 2;

export function statusLines(seen: Seen): readonly StatusLine[] {
  const { measures } = seen;
  const measured =
    typeof measures === 'string'
      ? [line('measures', `They can't be told: ${measures} MESH_TOKEN, or a key of scope 'read', opens them.`)]
      : [
          subscriptions(measures),
          deadLetters(measures),
          sending(measures, seen.accounts),
          mailbox(measures),
          disk(measures),
        ];
  return [quorum(seen), hosts(seen), feeds(seen), conflicts(seen), ...measured, clock(seen)];
}

function quorum({ trouble, deciding }: Seen): StatusLine {
  if (trouble === undefined) return well('quorum', deciding ?? 'an engine keeps the claims');
  return line('quorum', `no address can be claimed now: ${trouble}`);
}

function hosts({ hosts: all }: Seen): StatusLine {
  const enabled = all.filter(({ status }) => status !== 'disabled');
  const away = enabled.filter(({ status }) => status !== 'online').map(({ id }) => id);
  const doubted = enabled.filter(({ key }) => key?.state === 'changed' || key?.state === 'untrusted');
  if (away.length > 0) {
    const [first] = away;
    return line(
      'hosts',
      `${away.join(', ')} of ${enabled.length} ${away.length === 1 ? 'does' : 'do'} not answer. Start the node there and look at its log; reach it from here with npx mesh hosts check. One that will not come back: npx mesh hosts remove ${first}`,
    );
  }
  if (doubted.length > 0)
    return line('hosts', `what ${doubted.map(({ id }) => id).join(', ')} says is not believed: see the remarks below`);
  return well('hosts', enabled.length === 1 ? 'this one alone' : `all ${enabled.length} are there`);
}

function feeds({ hosts: all, nowMs }: Seen): StatusLine {
  const followed = all.flatMap(({ id, feed }) => (feed === undefined ? [] : [{ id, ...feed }]));
  if (followed.length === 0) return well('feeds', 'no other host is followed');
  const late = followed.filter(
    ({ state, asOf }) => state === 'refused' || asOf === undefined || nowMs - Date.parse(asOf) > COPY_FRESH_MS_MAX,
  );
  if (late.length > 0) {
    const ages = late.map(
      ({ id, state, asOf }) => `${id} (${state}, ${asOf === undefined ? 'never heard' : `${ageOf(asOf, nowMs)} old`})`,
    );
    return line(
      'feeds',
      `what is known here of ${ages.join(', ')} may be out of date; once that host answers, it is caught up with by itself`,
    );
  }
  const oldest = followed.map(({ asOf = '' }) => asOf).sort()[0] ?? '';
  return well('feeds', `${followed.length} followed, the oldest copy ${ageOf(oldest, nowMs)} old`);
}

function conflicts({ doubles }: Seen): StatusLine {
  if (typeof doubles === 'string')
    return line('conflicts', `whether another host has an address of this one too can't be told: ${doubles}`);
  const { conceded, undecided } = doubles;
  if (conceded + undecided === 0) return well('conflicts', 'none');
  return line(
    'conflicts',
    `another host has addresses of this one too, ${conceded} conceded, ${undecided} undecided: see npx mesh conflicts`,
  );
}

function subscriptions(measures: Measures): StatusLine {
  const kinds = measures('mesh_subscriptions');
  const [enabled, disabled] = [kinds.get('enabled') ?? 0, kinds.get('disabled') ?? 0];
  const waiting = one(measures, 'mesh_deliveries_waiting');
  const lag = one(measures, 'mesh_delivery_lag_entries');
  const failing = one(measures, 'mesh_subscriptions_failing');
  const behind = `events of ${counted(waiting, 'agent')} wait, ${counted(lag, 'change')} not looked at yet`;
  const text = `${enabled} enabled, ${waiting + lag === 0 ? 'nothing waits' : behind}`;
  if (disabled > 0)
    return line(
      'subscriptions',
      `${text}; ${disabled} disabled: npx mesh webhooks list says why, npx mesh webhooks enable ID goes on`,
    );
  if (failing === 0) return well('subscriptions', text);
  return line(
    'subscriptions',
    `${text}; ${failing} ${failing === 1 ? 'receiver takes' : 'receivers take'} nothing: npx mesh webhooks list says since when, npx mesh deliveries list ID what it answers`,
  );
}

function deadLetters(measures: Measures): StatusLine {
  const dead = one(measures, 'mesh_dead_letters');
  if (dead === 0) return well('dead letters', 'none');
  return line(
    'dead letters',
    `${dead}: npx mesh webhooks list says of whom; npx mesh deliveries replay ID sends them again`,
  );
}

function sending(measures: Measures, accounts: Seen['accounts']): StatusLine {
  if (typeof accounts === 'string') return line('sending', `how it goes can't be told: ${accounts}`);
  if (accounts.length === 0) return well('sending', 'off: no account is set (MESH_SEND_ACCOUNTS)');
  const states = [...measures('mesh_messages')].filter(([, count]) => count > 0);
  const text = states.length === 0 ? 'no message' : states.map(([state, count]) => `${count} ${state}`).join(', ');
  const [bad] = accounts.filter(({ health }) => health !== 'ok');
  if (bad === undefined) return well('sending', `${counted(accounts.length, 'account')}, ${text}`);
  return line('sending', `${text}; account ${bad.id} is ${bad.health}: ${bad.lastError ?? 'it said nothing'}`);
}

function mailbox(measures: Measures): StatusLine {
  const up = measures('mesh_mailbox_up').get('');
  if (up === undefined) return well('mailbox', 'off: this host keeps no inboxes (MESH_MAILBOX)');
  if (up === 0)
    return line(
      'mailbox',
      'its worker is away, and mail is told to come again; it is begun again by itself, and mailbox.worker_ended in the log says why it ended',
    );
  const unread = one(measures, 'mesh_mailbox_unread');
  const parts = [
    counted(one(measures, 'mesh_inboxes'), 'inbox', 'inboxes'),
    // Not a number while the worker that reads is away.
    ...(Number.isNaN(unread) ? [] : [`${counted(unread, 'mail')} unread`]),
    sinceStart(measures),
  ];
  return well('mailbox', parts.join('; '));
}

/** What inboxes got from outside, and what they sent, to each other too. */
function sinceStart(measures: Measures): string {
  const came = measures('mesh_mailbox_receipts_total');
  const all = [...came.values()].reduce((sum, count) => sum + count, 0);
  const heldBack = all - (came.get('received') ?? 0);
  const sent = measures('mesh_mailbox_outcomes_total').get('sent') ?? 0;
  return `since the start ${counted(all, 'mail')} came from outside, ${heldBack} of them held back, and inboxes sent ${sent}`;
}

function disk(measures: Measures): StatusLine {
  const free = measures('mesh_disk_free_bytes').get('');
  if (free === undefined) return well('disk', 'not measured');
  const text = `${bytesOf(free)} free of ${bytesOf(one(measures, 'mesh_disk_bytes'))}`;
  if (free >= DISK_FREE_BYTES_MIN) return well('disk', text);
  return line('disk', `${text}: a node whose disk is full stops. Free some space on the disk of its data directory`);
}

function clock({ hosts: all }: Seen): StatusLine {
  const wrong = all.flatMap(({ why, key }) => [why, key?.why]).find((text) => text?.startsWith('The clock of host'));
  return wrong === undefined ? well('clock', 'no host says that it differs by more than 60 s') : line('clock', wrong);
}

function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

function one(measures: Measures, name: string): number {
  return measures(name).get('') ?? 0;
}

function well(name: string, text: string): StatusLine {
  return { name, ok: true, text };
}

function line(name: string, text: string): StatusLine {
  return { name, ok: false, text };
}

function ageOf(moment: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(moment)) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

function bytesOf(bytes: number): string {
  const [gib, mib] = [bytes / 1_024 ** 3, bytes / 1_024 ** 2];
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(mib)} MiB`;
}
