// A mail whose sender waits while the intake is slow or dies: he hears what became of it, and a 5xx only where a repeat makes no second mail.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { ANN, BOB, OutboxWorld, type Silence, wish } from '../../../support/outbox-world.ts';

let world: OutboxWorld;

beforeEach(async () => {
  world = await OutboxWorld.open();
});

afterEach(() => {
  world.writer.close();
  rmSync(world.directory, { recursive: true });
});

/** What a send comes to while time goes by: ids, or the code of the refusal. */
async function sent(silence: Silence, more: Parameters<typeof wish>[0] = { key: undefined }): Promise<unknown> {
  const outbox = await world.outbox();
  world.silence = silence;
  let isOver = false;
  const sending = outbox
    .send(wish(more))
    .catch(({ code }) => code)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) {
    await world.world.clock.advance(250);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await sending;
}

const IDS = { messageId: expect.any(String), threadId: expect.any(String) };
const ONCE = { inboxes: [ANN, BOB], shipped: 1 };
const NOTHING = { inboxes: [], shipped: 0 };

describe('a send without a key', () => {
  it.each([
    ['beginOutgoing', 'after'],
    ['beginOutgoing', 'meanwhile'],
    ['finishOutgoing', 'before'],
    ['finishOutgoing', 'meanwhile'],
    ['finishOutgoing', 'after'],
  ] as const)('is answered with its ids when %s is silent, %s it was done', async (step, when) => {
    expect(await sent({ step, when, times: 3 })).toEqual(IDS);
    expect(await world.ended()).toEqual(ONCE);
  });

  it('is told to come again when it was not written down', async () => {
    expect(await sent({ step: 'beginOutgoing', when: 'before', times: 1 })).toBe('overloaded');
    expect(await world.ended()).toEqual(NOTHING);
    expect(world.rows('SELECT 1 FROM outgoing')).toEqual([]);
  });

  it('is 409 when nobody says what becomes of it, and goes out once', async () => {
    expect(await sent({ step: 'finishOutgoing', when: 'before', times: Number.POSITIVE_INFINITY })).toBe('conflict');
    world.silence = undefined;
    await world.resume();
    expect(await world.ended()).toEqual(ONCE);
  });

  it('is forgotten when it is refused, though that was not heard at once', async () => {
    world.refusal = new MeshError('rate_limited', 'Too many.');
    expect(await sent({ step: 'dropOutgoing', when: 'before', times: 3 })).toBe('rate_limited');
    world.refusal = undefined;
    await world.resume();
    expect(await world.ended()).toEqual(NOTHING);
  });
});

describe('a send with a key', () => {
  it('may be told to come again, and is the same mail then', async () => {
    const key = { hash: 'k', fingerprint: 'f' };
    const silence: Silence = { step: 'finishOutgoing', when: 'before', times: Number.POSITIVE_INFINITY };
    expect(await sent(silence, { key })).toBe('overloaded');
    world.silence = undefined;
    await world.resume();
    expect(await (await world.outbox()).known(key)).toEqual(IDS);
    expect(await world.ended()).toEqual(ONCE);
  });
});

describe('a mail that was left by an inbox that is being deleted', () => {
  it('is not sent', async () => {
    const silence: Silence = { step: 'dropOutgoing', when: 'before', times: Number.POSITIVE_INFINITY };
    world.refusal = new MeshError('overloaded', 'Not now.');
    expect(await sent(silence)).toBe('conflict');
    [world.silence, world.refusal] = [undefined, undefined];
    await world.writer.deleteInbox({ inboxId: ANN, atMs: 5 });
    await world.resume();
    expect(await world.ended()).toEqual(NOTHING);
  });
});

describe('a mail that was refused since it was found to be left', () => {
  it('is not sent', async () => {
    const content = { from: { name: '', address: ANN }, to: [{ name: '', address: 'eve@other.example.com' }] };
    const more = {
      cc: [],
      bcc: [],
      replyTo: [],
      subject: 'x',
      text: 'x',
      headers: [],
      references: [],
      attachments: [],
    };
    const submission = { id: 'gone', content: { ...content, ...more }, addresses: ['eve@other.example.com'] };
    world.stale = [{ id: 'gone', submission: JSON.stringify(submission) }];
    await world.resume();
    expect(await world.ended()).toEqual(NOTHING);
  });
});
