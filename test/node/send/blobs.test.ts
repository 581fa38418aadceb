import { createHash } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Blobs } from '../../../node/send/blobs.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testDirectory } from '../../support/test-blobs.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HELLO = createHash('sha256').update('hello').digest('hex');
const DAY_MS = 24 * 3_600_000;

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

async function open(bytesMax = 1_000) {
  const directory = testDirectory();
  const clock = new VirtualClock(Date.now());
  const options = { directory, clock, log: new RecordingLog(), bytesMax };
  return { directory, clock, blobs: await Blobs.open(options), again: () => Blobs.open(options) };
}

describe('a blob', () => {
  it('is kept once under its hash, for nobody else to read, and after a restart', async () => {
    const { directory, blobs, again } = await open();
    expect(await blobs.put(chunks('hel', 'lo'), 100)).toEqual({ blob: HELLO, bytes: 5 });
    await blobs.put(chunks('hello'), 100);
    expect(readdirSync(directory)).toEqual([HELLO]);
    expect(statSync(join(directory, HELLO)).mode & 0o777).toBe(0o600);
    const reopened = await again();
    expect([reopened.bytesOf(HELLO), (await buffer(reopened.read(HELLO))).toString()]).toEqual([5, 'hello']);
  });

  it('leaves nothing when it is too large, or breaks off', async () => {
    const { directory, blobs } = await open();
    await expect(blobs.put(chunks('hello', 'world'), 9)).rejects.toMatchObject({ code: 'payload_too_large' });
    const broken = (async function* () {
      yield Buffer.from('x');
      throw new Error('gone');
    })();
    await expect(blobs.put(broken, 100)).rejects.toThrow('gone');
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is refused when this host holds as much as it may', async () => {
    const { blobs } = await open(8);
    await blobs.put(chunks('hello'), 100);
    await expect(blobs.put(chunks('world'), 100)).rejects.toMatchObject({ code: 'limit_exceeded' });
  });

  it('is swept a day after it was last wanted, unless a message needs it', async () => {
    const { directory, clock, blobs } = await open();
    const { blob: other } = await blobs.put(chunks('other'), 100);
    await blobs.put(chunks('hello'), 100);
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
