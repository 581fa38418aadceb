// What becomes of domains while nobody asks: they are looked up every hour, given up after a week, and get a key where a backup had none.
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { DomainStatus } from '../../../../node/mailbox/domain.ts';
import { recordsOf } from '../../../../node/mailbox/domain-records.ts';
import type { DomainDns } from '../../../../node/mailbox/org/domain-check.ts';
import { newDomainKey } from '../../../../node/mailbox/org/domain-key.ts';
import { Domains } from '../../../../node/mailbox/org/domains.ts';
import type { Asks, IntakeQuestions } from '../../../../node/mailbox/questions.ts';
import { openForWriting } from '../../../../node/mailbox/store/database.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const HOST = { mx: 'mx.example.com', spf: 'v=spf1 mx ~all' };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NAME = 'acme.example';
const random = seededRandom(1);

let directory: string;
let writer: Writer;
let clock: VirtualClock;
let log: RecordingLog;
let domains: Domains;
let ending: AbortController;
let running: Promise<void>;
let isOut: boolean;
/** Texts by their name; what is not there does not exist. */
let texts: Map<string, string>;
let asked: number;
let hasMx: boolean;
/** What the DNS waits for. */
let answering: Promise<void>;

const dns: DomainDns = {
  mx: async () => {
    asked += 1;
    await answering;
    return hasMx ? [{ exchange: HOST.mx, priority: 10 }] : [];
  },
  txt: async (name) => {
    asked += 1;
    const text = texts.get(name);
    return text === undefined ? [] : [text];
  },
  cname: async () => [],
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-domains-'));
  const made = { random, nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
  [clock, log, texts, asked, hasMx, isOut] = [new VirtualClock(), new RecordingLog(), new Map(), 0, true, false];
  const rows = writer.domains;
  const answers: Partial<Record<keyof IntakeQuestions, (input: never) => unknown>> = {
    domains: () => rows.all(),
    changeDomain: (input) => writer.write(() => rows.change(input)),
    addDomain: (input) => writer.write(() => rows.add(input)),
    noteDomain: (input) => writer.write(() => rows.note(input)),
    putDomainKey: ({ key, atMs, ...meant }: Parameters<IntakeQuestions['putDomainKey']>[0]) =>
      writer.write(() => rows.putKey(meant, key, atMs)),
  };
  const intake = {
    ask: async (kind: keyof IntakeQuestions, input: never) => {
      if (isOut) throw new MeshError('overloaded', 'The mailbox is out of order.');
      return await answers[kind]?.(input);
    },
  } as unknown as Asks<IntakeQuestions>;
  const stopping = new AbortController().signal;
  const parts = { intake, stopping, dns, hostRecords: HOST, domain: 'agents.example.com', clock, random, log };
  domains = new Domains({ ...parts, organization: async () => writer.organization });
  [ending, answering] = [new AbortController(), Promise.resolve()];
});

afterEach(async () => {
  ending.abort();
  await running;
  writer.close();
  rmSync(directory, { recursive: true });
});

const wish = { podId: undefined, mayGoElsewhere: true, isFeedbackEnabled: true, isTrackingEnabled: false };
const bring = (name = NAME, areSubdomainsEnabled = false) => domains.add({ ...wish, name, areSubdomainsEnabled });
const publish = async (name = NAME) => {
  for (const { type, name: at, value } of recordsOf(await domains.get({ name, podId: undefined }), HOST))
    if (type === 'TXT') texts.set(at, value);
};
const run = () => {
  running = domains.run(ending.signal);
};
/** Lets time pass, and what it begins end. */
const pass = async (ms: number) => {
  await clock.advance(ms);
  for (let turns = 0; turns < 20; turns += 1) await setImmediate();
};
const status = async () => (await domains.get({ name: NAME, podId: undefined })).status;
const becomes = (wanted: DomainStatus) => expect.poll(status).toBe(wanted);

describe('a domain', () => {
  it('is looked up every hour, and is right or not as it is found', async () => {
    await bring();
    run();
    await becomes('PENDING');
    await publish();
    await pass(HOUR_MS - 1);
    expect(await status()).toBe('PENDING');
    await pass(1);
    await becomes('VERIFIED');
    hasMx = false;
    await pass(HOUR_MS);
    await becomes('PENDING');
    expect(log.named('mailbox.domain_checked')).toHaveLength(3);
  });

  it('is given up after a week in which it was not right, and looked up no more until somebody asks', async () => {
    await bring();
    run();
    for (let hour = 0; hour <= 7 * 24 + 1; hour += 1) await pass(HOUR_MS);
    await becomes('FAILED');
    const before = asked;
    await publish();
    await pass(DAY_MS);
    expect([asked, await status()]).toEqual([before, 'FAILED']);
    await domains.verify({ name: NAME, podId: undefined });
    expect(await status()).toBe('VERIFIED');
  });

  it('waits for a mailbox that is out of order, and is looked up then', async () => {
    await bring();
    await publish();
    isOut = true;
    run();
    await pass(0);
    expect(log.named('mailbox.domains_wait')).toHaveLength(1);
    isOut = false;
    await pass(30_000);
    await becomes('VERIFIED');
  });

  it('is not taken for what it was looked up as, when it was changed meanwhile', async () => {
    await bring();
    await publish();
    const { promise, resolve } = Promise.withResolvers<void>();
    answering = promise;
    const looked = domains.verify({ name: NAME, podId: undefined });
    await clock.advance(1);
    await domains.change({ name: NAME, podId: undefined }, { areSubdomainsEnabled: true });
    resolve();
    await looked;
    expect(await status()).toBe('NOT_STARTED');
  });

  it('keeps nobody waiting who stops, while the DNS is silent', async () => {
    await bring();
    answering = new Promise(() => undefined);
    run();
    await pass(0);
    expect(asked).toBeGreaterThan(0);
    ending.abort();
    await running;
    expect(await status()).toBe('NOT_STARTED');
  });

  it('gets a key where it came back without one, and is to be published again', async () => {
    await bring();
    await publish();
    await domains.verify({ name: NAME, podId: undefined });
    const { key: before } = await domains.get({ name: NAME, podId: undefined });
    const connection = openForWriting(directory);
    connection.run("UPDATE domain SET private_key = ''");
    connection.close();
    await domains.load();
    expect(domains.dkimFor(NAME)).toBeUndefined();
    run();
    await becomes('PENDING');
    const { key } = await domains.get({ name: NAME, podId: undefined });
    expect(key.selector).not.toBe(before.selector);
    expect(createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' }).toString('base64')).toBe(
      key.publicKey,
    );
    expect(domains.dkimFor(NAME), 'nobody could find it in the DNS').toBeUndefined();
  });
});

describe('what signs', () => {
  it('is the key of the domain, once it is published, or of the one above it that has its subdomains', async () => {
    const above = await bring(NAME, true);
    expect(domains.dkimFor(NAME)).toBeUndefined();
    await publish();
    await domains.verify({ name: NAME, podId: undefined });
    const signer = domains.dkimFor(NAME);
    expect([signer?.domain, signer?.selector]).toEqual([NAME, above.key.selector]);
    expect(signer?.privateKey.reveal()).toBe(above.key.privateKey);
    expect(domains.dkimFor(`eu.${NAME}`)?.domain).toBe(NAME);
    for (const other of [`x${NAME}`, 'example', 'agents.example.com']) expect(domains.dkimFor(other)).toBeUndefined();
    await bring(`eu.${NAME}`);
    await publish(`eu.${NAME}`);
    await domains.verify({ name: `eu.${NAME}`, podId: undefined });
    expect(domains.dkimFor(`eu.${NAME}`)?.domain).toBe(`eu.${NAME}`);
  });
});

describe('domains', () => {
  it('are bounded', async () => {
    const key = await newDomainKey(random);
    await writer.write(() => {
      for (let at = 0; at < 100; at += 1)
        writer.domains.add({ ...wish, name: `${at}.example`, key, areSubdomainsEnabled: false, atMs: at });
    });
    await expect(bring()).rejects.toMatchObject({ code: 'limit_exceeded' });
    expect((await bring('7.example')).name).toBe('7.example');
  });
});
