// How many domains are kept, and which of them make room for others.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BroughtDomain, DOMAINS_MAX, type DomainStatus } from '../../../../node/mailbox/domain.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const key = { selector: 's', privateKey: 'p', publicKey: 'k' };
const flags = { isFeedbackEnabled: true, areSubdomainsEnabled: false, isTrackingEnabled: false };

let directory: string;
let writer: Writer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-domain-rows-'));
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', baseSubject: () => undefined };
  writer = await Writer.open({ ...made, directory, chooseThread: () => undefined });
});

afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true });
});

const add = (name: string, atMs: number) =>
  writer.write(() => writer.domains.add({ ...flags, name, podId: undefined, key, atMs }).outcome);
const note = (meant: BroughtDomain, status: DomainStatus) =>
  writer.write(() => {
    const seenAtMs = writer.domains.find(meant)?.updatedAtMs ?? 0;
    return writer.domains.note({ ...meant, status, found: {}, seenAtMs, atMs: 1_000 })?.domain.status;
  });
const isThere = (name: string) => writer.domains.find({ name }) !== undefined;

describe('a host that has as many domains as it keeps', () => {
  beforeEach(async () => {
    for (let at = 0; at < DOMAINS_MAX; at += 1) await add(`${at}.example`, at);
  });

  it('takes another in the place of the oldest that was given up and never right', async () => {
    expect(await add('new.example', 100)).toBe('full');
    for (const name of ['7.example', '3.example']) expect(await note({ name }, 'FAILED')).toBe('FAILED');
    expect(await add('new.example', 100)).toBe('made');
    expect(['3.example', '7.example', 'new.example'].map(isThere)).toEqual([false, true, true]);
  });

  it('keeps one that was right before, however wrong it is now', async () => {
    for (const status of ['VERIFIED', 'FAILED'] as const) await note({ name: '3.example' }, status);
    expect(await add('new.example', 100)).toBe('full');
    expect(isThere('3.example')).toBe(true);
  });
});
