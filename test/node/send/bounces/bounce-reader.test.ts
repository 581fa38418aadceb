import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BOUNCE_READ_MS_MAX, BOUNCES_WAITING_MAX, BounceReader } from '../../../../node/send/bounces/bounce-reader.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const NOTIFICATION = `Content-Type: multipart/report; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; x

Final-Recipient: rfc822; bob@mail.example.com
Action: failed
Status: 5.1.1

--B--
`;

/** As long as it takes is for ever: what a header of two million colons, or a message of 300,000 parts, comes to. */
const busyThread = () => new Worker('for (;;);', { eval: true });

describe('a notification', () => {
  it('is read', async () => {
    const report = await new BounceReader({ clock: new VirtualClock() }).read(Buffer.from(NOTIFICATION));
    expect(report?.recipients).toMatchObject([{ address: 'bob@mail.example.com', status: '5.1.1' }]);
    expect(await new BounceReader({ clock: new VirtualClock() }).read(Buffer.from('x'))).toBeUndefined();
  });

  it('that takes too long is given up, its thread with it, and the next is read', async () => {
    const clock = new VirtualClock();
    const threads: Worker[] = [];
    const start = () => {
      const thread = busyThread();
      threads.push(thread);
      return thread;
    };
    const reader = new BounceReader({ clock, start });
    const readings = [reader.read(Buffer.alloc(1)), reader.read(Buffer.alloc(1))];
    const refusals = readings.map((one) => expect(one).rejects.toMatchObject({ code: 'invalid_request' }));
    for (const index of [0, 1]) {
      while (threads.length <= index) await new Promise(setImmediate);
      const ended = once(threads[index] as Worker, 'exit');
      await clock.advance(BOUNCE_READ_MS_MAX);
      await ended;
    }
    await Promise.all(refusals);
  });

  it.each([
    ['a header of two million octets', Buffer.from(`To: ${'a:'.repeat(950_000)}\r\n\r\n`)],
    [
      'a hundred thousand parts',
      Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(100_000)}`),
    ],
  ])('with %s leaves the event loop to others', async (_, hostile) => {
    const clock = new VirtualClock();
    const reading = new BounceReader({ clock }).read(hostile).catch((error: Error) => error);
    // Of this thread: the one that reads it has work, and the machine may have other work.
    const before = process.threadCpuUsage();
    await new Promise(setImmediate);
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(500);
    await clock.advance(BOUNCE_READ_MS_MAX);
    await reading;
  });

  it('is refused for a while when many wait', async () => {
    const clock = new VirtualClock();
    const reader = new BounceReader({ clock, start: busyThread });
    const readings = Array.from({ length: BOUNCES_WAITING_MAX + 1 }, () => reader.read(Buffer.alloc(1)));
    const ends = Promise.allSettled(readings);
    await expect(reader.read(Buffer.alloc(1))).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 5 });
    let isOver = false;
    const over = ends.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await clock.advance(BOUNCE_READ_MS_MAX);
      await new Promise(setImmediate);
    }
    await over;
  });
});
