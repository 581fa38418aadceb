// Through which account a message goes, and why it waits: the order of the rules, one row each.
import { describe, expect, it } from 'vitest';
import type { Account, SendConfig } from '../../../../node/send/account.ts';
import { Accounts, type Sendable, waitingFor } from '../../../../node/send/accounts/accounts.ts';
import { WarmUps } from '../../../../node/send/accounts/warm-up.ts';
import { type Message, type Recipient, reasonOf } from '../../../../node/send/message.ts';
import { A1, account, sendConfig } from '../../../support/mail.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const [MINUTE, HOUR] = [60_000, 3_600_000];
const [ONE, TWO] = [account({ id: 'one' }), account({ id: 'two' })];
const FROM = 'ann@mail.example.com';

function open(parts: Partial<SendConfig> = {}) {
  const clock = new VirtualClock();
  const config = sendConfig({ accounts: [ONE, TWO], ...parts });
  const accounts = new Accounts(config, clock, new WarmUps(config.warmUp, new Map()));
  const send = (id: string, times: number) => {
    for (let count = 0; count < times; count += 1) accounts.count({ agentId: A1 }, id);
  };
  const fail = (id: string) =>
    accounts
      .breaker(id)
      .failed(accounts.breaker(id).begin(), { error: 'no', isCertain: true, nowMs: clock.monotonicMs(), wallMs: 0 });
  const choose = (message: Sendable = mail(), ...tried: readonly string[]) => accounts.choose(message, new Set(tried));
  return { clock, accounts, send, fail, choose };
}

function mail(parts: Partial<Sendable> = {}): Sendable {
  const recipients: readonly Recipient[] = [{ address: 'bob@x.com', kind: 'to', state: 'pending' }];
  return { agentId: A1, from: FROM, recipients, ...parts };
}

const taken = (id: string): Partial<Sendable> => ({
  account: id,
  recipients: [
    { address: 'bob@x.com', kind: 'to', state: 'sent' },
    { address: 'carl@x.com', kind: 'to', state: 'pending' },
  ],
});

describe('a message goes through', () => {
  const only = (...senders: readonly string[]): Account => account({ id: 'one', senders });

  it.each<
    readonly [what: string, config: Partial<SendConfig>, message: Partial<Sendable>, tried: string[], id: string]
  >([
    ['the first account', {}, {}, [], 'one'],
    ['the next one when the first was tried', {}, {}, ['one'], 'two'],
    ['the one that may send as its address', { accounts: [only('@other.example.com'), TWO] }, {}, [], 'two'],
    ['an account that names its address', { accounts: [only(FROM), TWO] }, {}, [], 'one'],
    ['an account that names its domain', { accounts: [only('@mail.example.com'), TWO] }, {}, [], 'one'],
    [
      'an account that names its address in another case',
      { accounts: [only(FROM), TWO] },
      { from: FROM.toUpperCase() },
      [],
      'one',
    ],
    ['no account of a domain that its own ends like', { accounts: [only('@example.com'), TWO] }, {}, [], 'two'],
    ['the account that took it for somebody', {}, taken('two'), [], 'two'],
    ['that account also when it was tried', {}, taken('two'), ['two'], 'two'],
    ['the account that it is bound to', {}, { account: 'two', isBound: true }, [], 'two'],
    ['another than its last when nobody took it', {}, { account: 'two' }, [], 'one'],
  ])('%s', (_, config, message, tried, id) => {
    expect(open(config).choose(mail(message), ...tried)).toMatchObject({ kind: 'account', account: { id } });
  });

  it('the second account while the first is failing, or is over its rate', () => {
    const failing = open();
    failing.fail('one');
    expect(failing.choose()).toMatchObject({ kind: 'account', account: TWO });
    const full = open({ accounts: [account({ id: 'one', ratePerHour: 2 }), TWO] });
    full.send('one', 2);
    expect(full.choose()).toMatchObject({ kind: 'account', account: TWO });
  });
});

describe('a message waits', () => {
  it('as one of its agent when that is over its rate, before anything else', async () => {
    const { clock, choose, send, fail } = open({ agentRatePerHour: 2 });
    send('one', 2);
    fail('one');
    fail('two');
    expect(choose()).toMatchObject({ kind: 'wait', scope: 'agent', because: 'rate', waitMs: HOUR });
    expect(choose(mail({ agentId: 'a2' as typeof A1 }))).toMatchObject({ scope: 'message', because: 'health' });
    await clock.advance(HOUR);
    expect(choose()).toMatchObject({ kind: 'account' });
  });

  it('for the next day when the plan of its address is used up', () => {
    const { accounts, choose } = open({ warmUp: { perDay: [1], daysPerStep: 1 } });
    accounts.begin(mail(), ONE);
    expect(choose()).toMatchObject({ kind: 'wait', scope: 'message', because: 'rate' });
    accounts.end(mail(), ONE);
    expect(choose()).toMatchObject({ kind: 'account' });
  });

  it('for the account that is ready first', async () => {
    const { clock, choose, fail } = open();
    fail('two');
    await clock.advance(10_000);
    fail('one');
    expect(choose()).toEqual({
      kind: 'wait',
      scope: 'message',
      because: 'health',
      waitMs: 20_000,
      why: "Account 'two' is failing and is left alone for a while.",
    });
  });

  it('for the account that took it, while another is free', () => {
    const { choose, fail } = open();
    fail('two');
    expect(choose(mail(taken('two')))).toMatchObject({ kind: 'wait', because: 'health' });
  });
});

describe('a message finds no account', () => {
  it.each<
    readonly [what: string, config: Partial<SendConfig>, message: Partial<Sendable>, tried: string[], why: RegExp]
  >([
    ['when each was tried', {}, {}, ['one', 'two'], /No account is left/],
    ['when none may send as its address', { accounts: [account({ senders: ['@y.com'] })] }, {}, [], /may not send as/],
    ['when the one that took it is gone', {}, taken('three'), [], /'three', which took part .* is not configured/],
  ])('%s', (_, config, message, tried, why) => {
    expect(open(config).choose(mail(message), ...tried)).toMatchObject({
      kind: 'none',
      why: expect.stringMatching(why),
    });
  });
});

describe('an account', () => {
  it('has room for as many messages at once as it has connections', () => {
    const { accounts } = open({ accounts: [account({ id: 'one', connectionsMax: 2 })] });
    const room: boolean[] = [];
    for (let count = 0; count < 2; count += 1) {
      room.push(accounts.hasRoom(account({ id: 'one', connectionsMax: 2 })));
      accounts.begin(mail(), ONE);
    }
    room.push(accounts.hasRoom(account({ id: 'one', connectionsMax: 2 })));
    accounts.end(mail(), ONE);
    room.push(accounts.hasRoom(account({ id: 'one', connectionsMax: 2 })));
    expect(room).toEqual([true, true, false, true]);
  });

  it('counts what is on its way under the rates of its account and its agent', () => {
    const { accounts, choose } = open({ accounts: [account({ id: 'one', ratePerHour: 1 })], agentRatePerHour: 2 });
    accounts.begin(mail(), ONE);
    expect(choose()).toMatchObject({ kind: 'wait', scope: 'message', because: 'rate' });
    accounts.begin(mail(), ONE);
    expect(choose()).toMatchObject({ kind: 'wait', scope: 'agent', because: 'rate' });
  });

  it('says why it is not taken, each in its place', () => {
    const { accounts, fail } = open({
      accounts: [account({ id: 'one', senders: ['@y.com'] }), TWO, account({ id: 'three' })],
    });
    fail('two');
    expect(accounts.consider({ from: FROM }).map(({ id, usable }) => [id, usable])).toEqual([
      ['one', false],
      ['two', false],
      ['three', true],
    ]);
  });

  it.each([
    ['sent within the last hour', -30 * MINUTE, 1],
    ['sent longer ago', -HOUR, 0],
    ['sent later than now, by a clock that was set back', MINUTE, 1],
  ])('counts after a restart what was %s', (_, updatedMs, count) => {
    const { accounts, clock } = open();
    const nowMs = clock.wallMs();
    const updatedAt = new Date(nowMs + updatedMs).toISOString();
    const sent = { agentId: A1, account: 'one', attempts: 1, updatedAt } as Message;
    accounts.restore([sent, { ...sent, attempts: 0 }], nowMs);
    expect(accounts.sentLastHour('one')).toBe(count);
  });
});

it('the reason of a wait says until when', () => {
  const choice = { kind: 'wait', waitMs: 30_000, why: 'It is busy.', scope: 'message', because: 'rate' } as const;
  expect(reasonOf(waitingFor(choice, Date.UTC(2026, 0, 27, 12)))).toBe(
    'It is busy. It is tried at 2026-01-27T12:00:30.000Z.',
  );
});
