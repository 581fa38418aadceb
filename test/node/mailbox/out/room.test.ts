// Mail between inboxes of one host is bounded as mail from outside is: by the room of each, and by what comes for one in a day.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANN, BOB, OutboxWorld, wish } from '../../../support/outbox-world.ts';

const DAY_MS = 86_400_000;
const DAY_MAILS = 10_000;
let world: OutboxWorld;

beforeEach(async () => {
  world = await OutboxWorld.open();
});

afterEach(() => {
  world.writer.close();
  rmSync(world.directory, { recursive: true });
});

const send = async (more: Parameters<typeof wish>[0] = { key: undefined }) => (await world.outbox()).send(wish(more));
const nothing = async () => {
  expect(await world.ended()).toEqual({ inboxes: [], shipped: 0 });
  expect(world.rows('SELECT 1 FROM outgoing UNION SELECT 1 FROM raw')).toEqual([]);
};

describe('a full inbox', () => {
  it('of the sender sends nothing, and he is told how to make room', async () => {
    await world.writer.changeSettings({ inboxId: ANN, quotaBytes: 0, atMs: 3 });
    await expect(send()).rejects.toMatchObject({
      code: 'limit_exceeded',
      detail: { fix: expect.stringContaining('ann%40mail') },
    });
    await nothing();
  });

  it('among the recipients refuses the mail, and nobody gets it', async () => {
    await world.writer.changeSettings({ inboxId: BOB, quotaBytes: 0, atMs: 3 });
    await expect(send()).rejects.toMatchObject({ code: 'message_rejected', message: expect.stringContaining(BOB) });
    await nothing();
  });
});

describe('an inbox that has had its mail of the day', () => {
  it('gets no more until then, whoever sends it', async () => {
    for (let mail = 0; mail < DAY_MAILS; mail += 1) world.rates.admitsFor(BOB);
    await world.world.clock.advance(1_000);
    const detail = { retryAfterSeconds: DAY_MS / 1_000 - 1 };
    await expect(send()).rejects.toMatchObject({ code: 'rate_limit_exceeded', detail });
    await nothing();
    await world.world.clock.advance(DAY_MS);
    expect(await send()).toMatchObject({ threadId: expect.any(String) });
  });

  it('has had none of those that were refused', async () => {
    for (let mail = 1; mail < DAY_MAILS; mail += 1) world.rates.admitsFor(BOB);
    await world.writer.changeSettings({ inboxId: ANN, quotaBytes: 0, atMs: 3 });
    await expect(send()).rejects.toMatchObject({ code: 'limit_exceeded' });
    await world.writer.changeSettings({ inboxId: ANN, quotaBytes: null, atMs: 3 });
    await send();
    await expect(send()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  });
});
