import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DiskBlobs } from '../../../node/system/disk-blobs.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testDirectory } from '../../support/test-blobs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HELLO = createHash('sha256').update('hello').digest('hex');
const DAY_MS = 24 * 3_600_000;

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

const upTo = (bytesMax: number, client = '10.0.0.1') => ({ bytesMax, client });

async function open(bytesMax = 1_000, countMax = 1_000) {
  const directory = testDirectory();
  const clock = new VirtualClock(Date.now());
  const options = { directory, clock, log: new RecordingLog(), bytesMax, countMax };
  return { directory, clock, blobs: await DiskBlobs.open(options), again: () => DiskBlobs.open(options) };
}

describe('a blob', () => {
  it('is kept once under its hash, for nobody else to read, and after a restart', async () => {
    const { directory, blobs, again } = await open();
    expect(await blobs.put(chunks('hel', 'lo'), upTo(100))).toEqual({ blob: HELLO, bytes: 5 });
    await blobs.put(chunks('hello'), upTo(100));
    expect(readdirSync(directory)).toEqual([HELLO]);
    expect(statSync(join(directory, HELLO)).mode & 0o777).toBe(0o600);
    const reopened = await again();
    expect([reopened.bytesOf(HELLO), (await buffer(reopened.read(HELLO))).toString()]).toEqual([5, 'hello']);
  });

  it('leaves nothing when it is too large, or breaks off', async () => {
    const { directory, blobs } = await open();
    await expect(blobs.put(chunks('hello', 'world'), upTo(9))).rejects.toMatchObject({ code: 'payload_too_large' });
    const broken = (async function* () {
      yield Buffer.from('x');
      throw new Error('gone');
    })();
    await expect(blobs.put(broken, upTo(100))).rejects.toThrow('gone');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is refused when this host holds as much as it may', async () => {
    const { blobs } = await open(8);
    await blobs.put(chunks('hello'), upTo(100));
    await expect(blobs.put(chunks('world'), upTo(100))).rejects.toMatchObject({ code: 'store_full' });
  });

  it('is refused when there are as many as may be, those on their way in too, and after a restart', async () => {
    const { blobs, again } = await open(1_000, 2);
    await blobs.put(chunks('hello'), upTo(100));
    const writer = await blobs.begin(upTo(100));
    blobs.describeUseBy(() => 'Waiting to be sent: 1.');
    await expect(blobs.begin(upTo(100))).rejects.toMatchObject({
      code: 'store_full',
      message: expect.stringMatching(
        /^This host holds 2 attachments, its most\. Waiting to be sent: 1\. Named by no mail yet: 2 of 5 /,
      ),
    });
    await writer.abort();
    await blobs.put(chunks('world'), upTo(100));
    await expect((await again()).begin(upTo(100))).rejects.toMatchObject({ code: 'store_full' });
  });

  it("counts as its client's until a mail needs it, and again as nobody's when none does and it is there", async () => {
    const { blobs } = await open(10, 1_000);
    const { blob } = await blobs.put(chunks('hello'), upTo(100));
    const unnamed = async () => {
      const refusal = (await blobs.put(chunks('much too long'), upTo(100)).catch((error: Error) => error)) as Error;
      return /Named by no mail yet: \d+ of (\d+) octets/.exec(refusal.message)?.[1];
    };
    expect(await unnamed()).toBe('5');
    await blobs.touch(blob);
    expect(await unnamed()).toBe('0');
    await blobs.sweep(() => true);
    expect(await unnamed()).toBe('0');
    await blobs.sweep(() => false);
    expect(await unnamed()).toBe('5');
    await blobs.forgo(blob, () => false);
    expect(await unnamed()).toBe('0');
  });

  it('is released at once when nobody needs it or wanted it since', async () => {
    const { directory, clock, blobs } = await open();
    const { blob } = await blobs.put(chunks('hello'), upTo(100));
    const sinceMs = clock.wallMs();
    await clock.advance(5_000);
    await blobs.release(blob, sinceMs, () => true);
    await blobs.touch(blob);
    await blobs.release(blob, sinceMs, () => false);
    expect(readdirSync(directory)).toEqual([HELLO]);
    await blobs.release(blob, clock.wallMs(), () => false);
    await blobs.release(blob, clock.wallMs(), () => false);
    expect([readdirSync(directory), blobs.bytesOf(HELLO)]).toEqual([[], undefined]);
  });

  it('is released at once, though the wall clock shows whole milliseconds alone', async () => {
    const clock = new (class extends VirtualClock {
      override wallMs(): number {
        return Math.floor(super.wallMs());
      }
    })(Date.now() + 0.9);
    const directory = testDirectory();
    const blobs = await DiskBlobs.open({ directory, clock, log: new RecordingLog() });
    const { blob } = await blobs.put(chunks('hello'), upTo(100));
    const sinceMs = clock.wallMs();
    await clock.advance(0.2);
    expect(clock.wallMs()).toBe(sinceMs + 1);
    await blobs.release(blob, sinceMs, () => false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('goes when all who put it forgo it, unless a message needs it, and one of before the start does not', async () => {
    const { directory, blobs, again } = await open();
    const put = (into = blobs) => into.put(chunks('hello'), upTo(100));
    await Promise.all([put(), put()]);
    await blobs.forgo(HELLO, () => false);
    expect(readdirSync(directory)).toEqual([HELLO]);
    await blobs.forgo(HELLO, () => true);
    expect(blobs.bytesOf(HELLO)).toBe(5);
    await put();
    const restarted = await again();
    await put(restarted);
    await restarted.forgo(HELLO, () => false);
    expect(restarted.bytesOf(HELLO)).toBe(5);
    await restarted.forgo(HELLO, () => false);
    await restarted.forgo(HELLO, () => false);
    expect([readdirSync(directory), restarted.bytesOf(HELLO)]).toEqual([[], undefined]);
  });

  it('is swept a day after it was last wanted, unless a message needs it', async () => {
    const { directory, clock, blobs } = await open();
    const { blob: other } = await blobs.put(chunks('other'), upTo(100));
    await blobs.put(chunks('hello'), upTo(100));
    await clock.advance(DAY_MS - 1_000);
    await blobs.sweep(() => false);
    expect(readdirSync(directory).length).toBe(2);
    await clock.advance(2_000);
    await blobs.sweep((blob) => blob === other);
    expect([readdirSync(directory), blobs.bytesOf(HELLO)]).toEqual([[other], undefined]);
    await blobs.touch(other);
    await blobs.sweep(() => false);
    expect(readdirSync(directory)).toEqual([other]);
  });

  it('is counted while it is being written, and no more when that breaks off', async () => {
    const { blobs } = await open(8);
    const [first, second] = [await blobs.begin(upTo(100)), await blobs.begin(upTo(100))];
    await first.write(Buffer.from('hello'));
    await expect(second.write(Buffer.from('world'))).rejects.toMatchObject({ code: 'store_full' });
    await first.abort();
    await second.write(Buffer.from('world'));
    expect(await second.finish()).toMatchObject({ bytes: 5 });
    await second.abort();
    await expect(blobs.put(chunks('four'), upTo(100))).rejects.toMatchObject({ code: 'store_full' });
    expect(await blobs.put(chunks('yes'), upTo(100))).toMatchObject({ bytes: 3 });
  });

  it('put twice at once is counted once', async () => {
    const { blobs } = await open(12);
    await Promise.all([blobs.put(chunks('hello'), upTo(100)), blobs.put(chunks('hello'), upTo(100))]);
    expect(await blobs.put(chunks('seven..'), upTo(100))).toMatchObject({ bytes: 7 });
  });

  it('put again, or broken off, takes nothing of what its client may bring', async () => {
    const { blobs } = await open(11);
    const broken = await blobs.begin(upTo(100));
    await broken.write(Buffer.from('he'));
    await broken.abort();
    for (const _ of [1, 2]) await blobs.put(chunks('hello'), upTo(100));
    const full = await blobs.begin(upTo(100));
    await expect(full.write(Buffer.from('seven..'))).rejects.toThrow('Named by no mail yet: 2 of 5 octets');
    await full.abort();
  });

  it.each([-30 * DAY_MS, 30 * DAY_MS])('lives its day, though the clock is set by %i ms', async (byMs) => {
    const { directory, clock, blobs } = await open();
    await blobs.put(chunks('hello'), upTo(100));
    clock.setWall(byMs);
    await clock.advance(DAY_MS - 1_000);
    await blobs.sweep(() => false);
    expect(readdirSync(directory)).toEqual([HELLO]);
    await clock.advance(2_000);
    await blobs.sweep(() => false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that is put again while old ones are swept stays', async () => {
    const { directory, clock, blobs } = await open();
    await blobs.put(chunks('hello'), upTo(100));
    await clock.advance(2 * DAY_MS);
    const file = () => statSync(join(directory, HELLO)).ino;
    const before = file();
    let isPut = false;
    const putting = blobs.put(chunks('hello'), upTo(100)).then(() => {
      isPut = true;
    });
    while (!isPut) {
      // Needed until its file is the new one: then a sweep that goes by the old age removes it.
      await blobs.sweep(() => file() === before);
      await nextTurn();
    }
    await putting;
    expect([readdirSync(directory), blobs.bytesOf(HELLO)]).toEqual([[HELLO], 5]);
  });

  it('that cannot be removed does not keep others from it', async () => {
    const { directory, clock, blobs } = await open();
    const names: string[] = [];
    for (const text of ['gone', 'stuck', 'hello']) names.push((await blobs.put(chunks(text), upTo(100))).blob);
    const [gone = '', stuck = ''] = names;
    rmSync(join(directory, gone));
    rmSync(join(directory, stuck));
    mkdirSync(join(directory, stuck));
    await clock.advance(2 * DAY_MS);
    await blobs.sweep(() => false);
    expect(readdirSync(directory)).toEqual([stuck]);
  });

  it('that was swept cannot be taken for a message any more', async () => {
    const { clock, blobs } = await open();
    await blobs.put(chunks('hello'), upTo(100));
    await clock.advance(2 * DAY_MS);
    await blobs.sweep(() => false);
    await expect(blobs.touch(HELLO)).rejects.toMatchObject({ code: 'invalid_request', field: 'attachments' });
  });

  it('are kept in no directory that a link chooses, nor read through one', async () => {
    const [directory, log] = [testDirectory(), new RecordingLog()];
    const options = { clock: new VirtualClock(), log };
    symlinkSync(directory, `${directory}-link`);
    onTestFinished(() => rmSync(`${directory}-link`));
    await expect(DiskBlobs.open({ ...options, directory: `${directory}-link` })).rejects.toThrow(/-link is a link/);
    symlinkSync('/etc/passwd', join(directory, 'a'.repeat(64)));
    await expect(DiskBlobs.open({ ...options, directory })).rejects.toThrow(/a{64} is a link/);
  });

  it('lies where nobody else may look, even if the directory was there before', async () => {
    const { directory, again } = await open();
    chmodSync(directory, 0o755);
    await again();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('that the disk does not take is the fault of the disk', async () => {
    const { directory, blobs } = await open();
    rmSync(directory, { recursive: true });
    await expect(blobs.put(chunks('hello'), upTo(100))).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('left half-written by a crash is removed at the next start', async () => {
    const { directory, again } = await open();
    writeFileSync(join(directory, '1-1.part'), 'x');
    await again();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each(['../x', 'x', '', HELLO.toUpperCase(), `${HELLO}/..`])('is never read by the name %j', async (name) => {
    const { blobs } = await open();
    expect(blobs.bytesOf(name)).toBeUndefined();
    expect(() => blobs.read(name)).toThrow();
  });
});
