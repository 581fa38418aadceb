// What the send module does besides, when mail from an address is forgotten.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { QueueService } from '../../../node/send/queue-service.ts';
import { DiskBlobs } from '../../../node/system/disk-blobs.ts';
import { sendConfig } from '../../support/mail.ts';
import { MailWorld } from '../../support/mail-world.ts';

const FROM = 'ann@mail.example.com';

let directory: string;
let world: MailWorld;
let blobs: DiskBlobs;
let done: string[];
let service: QueueService;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'forgotten-sends-'));
  world = await MailWorld.open();
  const { clock, log, suppressions, queue } = world;
  blobs = await DiskBlobs.open({ directory, clock, log });
  done = [];
  service = new QueueService({
    ...{ config: sendConfig(), suppressions, queue, blobs, clock, log, newUuid: () => 'none is drawn' },
    ...{ mailer: { close: async () => undefined }, validate: () => expect.fail('nothing is checked') },
    ...{ agent: () => undefined, holder: () => undefined },
    redactMail: async (from) => void done.push(`redact ${from}, ${queue.idsFrom(from).length} left`),
    erasures: { erase: async () => void done.push('erase'), run: async () => undefined },
  });
});

afterEach(async () => {
  await world.stop();
  rmSync(directory, { recursive: true });
});

async function* octets() {
  yield Buffer.from('some octets');
}

const put = async () => (await blobs.put(octets(), { bytesMax: 100, client: '' })).blob;

async function send(): Promise<void> {
  const attachments = [{ filename: 'a', blob: await put(), bytes: 11 }];
  const draft = world.draft({ from: FROM });
  await world.queue.accept({ ...draft, content: { ...draft.content, attachments } });
  await world.clock.advance(1_000);
}

describe('mail from an address that is forgotten', () => {
  it('goes with its files, out of the log of changes, and then what was removed is overwritten', async () => {
    await send();
    await send();
    expect(readdirSync(directory).length).toBe(1);
    await service.forgetFrom(FROM);
    expect(readdirSync(directory)).toEqual([]);
    expect(done).toEqual([`redact ${FROM}, 0 left`, 'erase']);
  });

  it('leaves files that somebody else has put', async () => {
    await send();
    const blob = await put();
    await service.forgetFrom(FROM);
    expect(readdirSync(directory)).toEqual([blob]);
  });
});
