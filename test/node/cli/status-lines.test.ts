// What `mesh status` says of what is not well: each line names what to do.
import { describe, expect, it } from 'vitest';
import type { HostShown } from '../../../node/cli/host-shown.ts';
import { parseMeasures } from '../../../node/cli/measures.ts';
import { type Seen, statusLines } from '../../../node/cli/status-lines.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();
const host = (id: string, more: Partial<HostShown> = {}): HostShown => ({
  ...{ id, url: `http://${id}`, status: 'online', votes: true, isSelf: id === 'mac', key: { state: 'pinned' } },
  ...more,
});
const WELL: Seen = {
  hosts: [host('mac'), host('cloud', { feed: { state: 'following', asOf: ago(5) } })],
  trouble: undefined,
  deciding: 'Epoch 1: 2 of cloud, mac decide.',
  doubles: { conceded: 0, undecided: 0 },
  measures: parseMeasures('mesh_subscriptions{state="enabled"} 2\nmesh_disk_free_bytes 9e10\nmesh_disk_bytes 1e11\n'),
  accounts: [{ id: 'main', health: 'ok' }],
  nowMs: NOW,
};
const measured = (text: string) => ({ measures: parseMeasures(text) });
const bad = (seen: Partial<Seen>) =>
  statusLines({ ...WELL, ...seen }).flatMap(({ ok, name, text }) => (ok ? [] : [`${name}: ${text}`]));

describe('a line of mesh status', () => {
  it('is well where nothing is wrong', () => {
    expect(bad({})).toEqual([]);
    expect(statusLines(WELL).map(({ name, text }) => `${name}: ${text}`)).toEqual([
      'quorum: Epoch 1: 2 of cloud, mac decide.',
      'hosts: all 2 are there',
      'feeds: 1 followed, the oldest copy 5 s old',
      'conflicts: none',
      'subscriptions: 2 enabled, nothing waits',
      'dead letters: none',
      'sending: 1 account, no message',
      'mailbox: off: this host keeps no inboxes (MESH_MAILBOX)',
      'disk: 83.8 GiB free of 93.1 GiB',
      'clock: no host says that it differs by more than 60 s',
    ]);
  });

  it('counts what inboxes got from outside and sent, and what is unread', () => {
    const text = [
      ...[
        'mesh_mailbox_up 1',
        'mesh_inboxes 1',
        'mesh_mailbox_unread 7',
        'mesh_mailbox_outcomes_total{outcome="sent"} 4',
      ],
      ...['mesh_mailbox_receipts_total{class="received"} 3', 'mesh_mailbox_receipts_total{class="spam"} 2', ''],
    ].join('\n');
    const told = 'since the start 5 mails came from outside, 2 of them held back, and inboxes sent 4';
    const mailboxLine = (measures: string) =>
      statusLines({ ...WELL, ...measured(measures) }).find(({ name }) => name === 'mailbox');
    expect(mailboxLine(text)).toEqual({ name: 'mailbox', ok: true, text: `1 inbox; 7 mails unread; ${told}` });
    expect(mailboxLine(text.replace('unread 7', 'unread NaN'))?.text).toBe(`1 inbox; ${told}`);
  });

  it.each<[string, Partial<Seen>, RegExp]>([
    ['lost quorum', { trouble: 'cloud has not answered.' }, /^quorum: no address can be claimed now: cloud has not/],
    ['a host that is down', { hosts: [host('mac'), host('cloud', { status: 'offline' })] }, /mesh hosts remove cloud$/],
    [
      'a host with another key',
      { hosts: [host('mac'), host('cloud', { key: { state: 'changed' } })] },
      /^hosts: what cloud says is not believed/,
    ],
    [
      'a copy that grows old',
      { hosts: [host('cloud', { feed: { state: 'silent', asOf: ago(600) } })] },
      /^feeds: .*cloud \(silent, 10 min old\)/,
    ],
    [
      'a copy that never was',
      { hosts: [host('cloud', { feed: { state: 'behind' } })] },
      /cloud \(behind, never heard\)/,
    ],
    ['doubles', { doubles: { conceded: 1, undecided: 2 } }, /1 conceded, 2 undecided: see npx mesh conflicts/],
    ['doubles that can not be told', { doubles: 'It is down.' }, /^conflicts: .*can't be told: It is down/],
    [
      'a disabled subscription',
      measured('mesh_subscriptions{state="enabled"} 1\nmesh_subscriptions{state="disabled"} 1\n'),
      /1 disabled: npx mesh webhooks list says why, npx mesh webhooks enable ID/,
    ],
    [
      'a receiver that takes nothing',
      measured('mesh_subscriptions{state="enabled"} 2\nmesh_subscriptions_failing 1\nmesh_deliveries_waiting 1\n'),
      /^subscriptions: 2 enabled, events of 1 agent wait.*; 1 receiver takes nothing: npx mesh webhooks list says since when/,
    ],
    ['a mailbox that is away', measured('mesh_mailbox_up 0\n'), /^mailbox: its worker is away.*mailbox\.worker_ended/],
    ['dead letters', measured('mesh_dead_letters 3\n'), /^dead letters: 3: .*mesh deliveries replay ID/],
    [
      'a disk that is nearly full',
      measured('mesh_disk_free_bytes 1e8\nmesh_disk_bytes 1e11\n'),
      /^disk: 95 MiB free of/,
    ],
    [
      'a clock that is off',
      { hosts: [host('mac'), host('cloud', { why: "The clock of host 'cloud' is 300 s behind that of host 'mac'." })] },
      /^clock: The clock of host 'cloud' is 300 s behind/,
    ],
    [
      'an account that fails',
      { accounts: [{ id: 'main', health: 'open', lastError: '535 no' }] },
      /^sending: .*account main is open: 535 no/,
    ],
    ['measures that can not be told', { measures: 'No.' }, /^measures: .*MESH_TOKEN/],
  ])('says what to do about %s', (_, seen, words) => {
    expect(bad(seen)).toEqual([expect.stringMatching(words)]);
  });
});

describe('the text format of Prometheus', () => {
  it('gives plain numbers, and passes over what has two labels', () => {
    const measures = parseMeasures('# HELP a b\na{state="x"} 1\na{state="y"} 2.5\nb 3\nc{one="1",two="2"} 4\n');
    expect([...measures('a')]).toEqual([
      ['x', 1],
      ['y', 2.5],
    ]);
    expect([...measures('b')]).toEqual([['', 3]]);
    expect(measures('c').size).toBe(0);
  });
});
