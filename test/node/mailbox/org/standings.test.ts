import { beforeEach, describe, expect, it } from 'vitest';
import { anyAddressKey } from '../../../../mesh/address/identity.ts';
import { MeshError } from '../../../../mesh/errors.ts';
import type { LookUp, LookUpAnswer } from '../../../../mesh/lookup/fan-out.ts';
import type { HostId } from '../../../../mesh/names.ts';
import { Standings } from '../../../../node/mailbox/org/standings.ts';
import type { Agent } from '../../../../node/registry/agent.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

let clock: VirtualClock;
let log: RecordingLog;
/** What was asked of the mesh, and what it says. */
let asked: string[];
let lookUp: LookUp;
let standings: Standings;

/** Agents of this host by address; whether each takes mail. */
let here: Readonly<Record<string, boolean>>;
/** The hosts that others are known by, by address. */
let known: Readonly<Record<string, string>>;
let contested: readonly string[];

const answer = (owners: Readonly<Record<string, string>>, hostsFailed: readonly string[] = []) =>
  ({
    emails: new Map(Object.entries(owners).map(([address, hostId]) => [anyAddressKey(address), { entry: { hostId } }])),
    meta: { hostsFailed },
  }) as unknown as LookUpAnswer;

const standingOf = (...addresses: string[]) => standings.of({ addresses, isServed: true });

beforeEach(() => {
  [clock, log, asked, here, known, contested] = [new VirtualClock(), new RecordingLog(), [], {}, {}, []];
  lookUp = async () => answer({});
  standings = new Standings({
    hostId: 'mac',
    registry: {
      table: {
        holderOfText: (address) =>
          here[address] === undefined ? undefined : ({ emailEnabled: here[address] } as unknown as Agent),
      },
    },
    hostsOf: (address) =>
      (known[address]?.split(' ') ?? []).map((hostId) => ({ hostId: hostId as HostId, hostUrl: 'http://cloud' })),
    isForeign: (address, podId) => address.endsWith('@brought.example') && podId !== 'its pod',
    isContested: (address) => contested.includes(address),
    lookUp: (question, signal) => {
      asked.push(question.address?.address ?? '');
      return lookUp(question, signal);
    },
    ...{ clock, log },
  });
});

describe('an address', () => {
  it.each([
    ['this host', { 'a@x.com': true }, {}],
    ['another', {}, { 'a@x.com': 'cloud' }],
    ['nobody', {}, {}],
  ])('that an operator has yet to give to somebody is conflicted while %s has it', async (_, ofThisHost, ofOthers) => {
    [here, known, contested] = [ofThisHost, ofOthers, ['a@x.com']];
    expect(await standingOf('a@x.com')).toEqual({ kind: 'conflicted' });
    expect(asked).toEqual([]);
  });

  it.each([
    ['that an agent of this host has', { 'a@x.com': true }, {}, { kind: 'held' }],
    ['whose agent takes no mail', { 'a@x.com': false }, {}, { kind: 'disabled' }],
    ['that another host has too', { 'a@x.com': true }, { 'a@x.com': 'cloud' }, { kind: 'conflicted' }],
    ['that two other hosts have', {}, { 'a@x.com': 'cloud attic' }, { kind: 'conflicted' }],
    ['that another host has', {}, { 'a@x.com': 'cloud' }, { kind: 'elsewhere', hostId: 'cloud' }],
  ])('%s is known without a question', async (_, ofThisHost, ofOthers, standing) => {
    [here, known] = [ofThisHost, ofOthers];
    expect(await standingOf('a@x.com')).toEqual(standing);
    expect(asked).toEqual([]);
  });

  it('with a tag is that without it, where it is nobody’s itself', async () => {
    known = { 'a@x.com': 'cloud' };
    expect(await standingOf('a+news@x.com', 'a@x.com')).toEqual({ kind: 'elsewhere', hostId: 'cloud' });
    known = {};
    lookUp = async ({ address }) => answer(address?.key === 'b@x.com' ? { 'b@x.com': 'cloud' } : {});
    expect(await standingOf('b+news@x.com', 'b@x.com')).toEqual({ kind: 'elsewhere', hostId: 'cloud' });
    expect(asked).toEqual(['b+news@x.com', 'b@x.com']);
  });

  it('of a domain without inboxes here is asked of nobody', async () => {
    expect(await standings.of({ addresses: ['a@z.com'], isServed: false })).toEqual({ kind: 'nobodys' });
    expect(asked).toEqual([]);
  });

  it('is nobody’s when every host says so, and unknown when one is silent or the copy of ours came late', async () => {
    expect(await standingOf('a@x.com')).toEqual({ kind: 'nobodys' });
    lookUp = async () => answer({}, ['cloud']);
    expect(await standingOf('b@x.com')).toEqual({ kind: 'unknown' });
    lookUp = async () => answer({ 'c@x.com': 'mac' });
    expect(await standingOf('c@x.com')).toEqual({ kind: 'unknown' });
  });

  it('is unknown when an answer takes two seconds, or too much is asked already', async () => {
    let signal: AbortSignal | undefined;
    lookUp = (_, given) => {
      signal = given;
      return new Promise(() => undefined);
    };
    const standing = standingOf('a@x.com');
    await clock.advance(1_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(await standing).toEqual({ kind: 'unknown' });
    expect(signal?.aborted).toBe(true);
    lookUp = () => Promise.reject(new MeshError('rate_limited', 'Too many questions.'));
    expect(await standingOf('a@x.com')).toEqual({ kind: 'unknown' });
    lookUp = () => Promise.reject(new Error('a bug'));
    await expect(standingOf('a@x.com')).rejects.toThrow('a bug');
  });

  it('is asked about once a minute, but again at once when not all have answered', async () => {
    lookUp = async () => answer({}, ['cloud']);
    await standingOf('a@x.com');
    lookUp = async () => answer({});
    await Promise.all([standingOf('a@x.com'), standingOf('a@x.com')]);
    await clock.advance(59_999);
    await standingOf('a@x.com');
    expect(asked).toHaveLength(2);
    await clock.advance(1);
    await standingOf('a@x.com');
    expect(asked).toHaveLength(3);
  });

  it('is asked about twenty times a second; what is more is unknown', async () => {
    const kinds = await Promise.all(
      Array.from({ length: 25 }, async (_, at) => (await standingOf(`a${at}@x.com`)).kind),
    );
    expect(kinds.filter((kind) => kind === 'unknown')).toHaveLength(5);
    expect(asked).toHaveLength(20);
    await clock.advance(1_000);
    expect(await standingOf('a24@x.com')).toEqual({ kind: 'nobodys' });
  });

  it('of another host is told in the log, loudly, once a minute for each host', async () => {
    known = { 'a@x.com': 'cloud', 'b@x.com': 'cloud', 'c@x.com': 'home' };
    for (const address of ['a@x.com', 'b@x.com', 'c@x.com']) await standingOf(address);
    expect(log.events).toMatchObject([
      {
        level: 'error',
        event: 'mailbox.wrong_host',
        fields: { hostId: 'cloud', message: expect.stringContaining('a@x.com') },
      },
      { level: 'error', event: 'mailbox.wrong_host', fields: { hostId: 'home' } },
    ]);
    await clock.advance(60_000);
    await standingOf('b@x.com');
    expect(log.events).toHaveLength(3);
  });
});
