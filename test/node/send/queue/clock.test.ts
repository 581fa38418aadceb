// A wall clock that is set while messages wait, or while the node is away: what goes by elapsed time does not notice.
import { describe, expect, it } from 'vitest';
import { account } from '../../../support/mail.ts';
import { accepted, MailWorld, notSent, type Script } from '../../../support/mail-world.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
const all: Script = async (shipment) => {
  await shipment.begin();
  return accepted(shipment);
};
const away: Script = () => notSent('connection_lost', 'transient', 'account');
const STEPS = [-30 * DAY, -HOUR, HOUR, 30 * DAY];

describe.each(STEPS)('a clock that is set by %i ms', (byMs) => {
  it('leaves a message that was put off its half minute', async () => {
    const world = await MailWorld.open();
    world.script = away;
    const { id } = await world.after(SECOND);
    world.script = all;
    world.clock.setWall(byMs);
    await world.clock.advance(20 * SECOND);
    expect([world.get(id).state, world.shipped.length]).toEqual(['deferred', 1]);
    const dueInMs = world.queue.whyWaiting(world.get(id)).dueMs - world.clock.wallMs();
    expect(dueInMs).toBeGreaterThan(0);
    expect(dueInMs).toBeLessThan(16 * SECOND);
    await world.clock.advance(17 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('leaves a message its life, also when it is put off after that', async () => {
    const world = await MailWorld.open();
    world.script = away;
    const { id } = await world.after(SECOND, { lifetimeMs: 2 * HOUR });
    world.clock.setWall(byMs);
    await world.clock.advance(HOUR);
    expect(world.get(id).state).toBe('deferred');
    await world.clock.advance(HOUR + MINUTE);
    expect(world.get(id).state).toBe('expired');
  });

  it('while a server answers, neither ends a message nor makes it wait', async () => {
    const world = await MailWorld.open();
    world.script = async (shipment) => {
      await shipment.begin();
      await world.clock.sleep(5 * SECOND);
      return notSent('connection_lost', 'transient', 'account');
    };
    const { id } = await world.after(SECOND);
    world.clock.setWall(byMs);
    await world.clock.advance(5 * SECOND);
    expect(world.get(id).state).toBe('deferred');
    world.script = all;
    await world.clock.advance(37 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('gives no rate room and takes none', async () => {
    const world = await MailWorld.open({ accounts: [account({ ratePerHour: 2 })] });
    for (let count = 0; count < 3; count += 1) await world.after(SECOND);
    world.clock.setWall(byMs);
    await world.clock.advance(55 * MINUTE);
    expect(world.shipped.length).toBe(2);
    await world.clock.advance(7 * MINUTE);
    expect(world.shipped.length).toBe(3);
  });

  it('makes the day of a new sender no longer and no shorter', async () => {
    const world = await MailWorld.open({ warmUp: { perDay: [1], daysPerStep: 7 }, lifetimeMs: 2 * DAY });
    for (let count = 0; count < 3; count += 1) await world.accept();
    await world.clock.advance(SECOND);
    world.clock.setWall(byMs);
    // The clock starts at noon.
    await world.clock.advance(12 * HOUR - MINUTE);
    expect(world.shipped.length).toBe(1);
    await world.clock.advance(2 * MINUTE);
    expect(world.shipped.length).toBe(2);
  });

  it('lets an account that is left alone be tried when its time is over', async () => {
    const world = await MailWorld.open();
    world.script = () => notSent('auth_failed', 'permanent', 'account');
    const { id } = await world.after(SECOND);
    world.script = all;
    world.clock.setWall(byMs);
    await world.clock.advance(37 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('neither forgets a message with its key nor keeps it', async () => {
    const world = await MailWorld.open();
    const { id } = await world.after(SECOND, { key: 'k' });
    world.clock.setWall(byMs);
    await world.clock.advance(23 * HOUR);
    await world.queue.trim();
    expect((await world.accept({ key: 'k' })).id).toBe(id);
    await world.clock.advance(30 * DAY);
    await world.queue.trim();
    expect(world.queue.get(id)).toBeUndefined();
  });

  it('ends no suppression and lengthens none', async () => {
    const world = await MailWorld.open();
    const expiresAt = new Date(world.clock.wallMs() + 2 * DAY).toISOString();
    await world.suppressions.add({ address: 'a@x.example.com', reason: 'manual', expiresAt });
    world.clock.setWall(byMs);
    await world.clock.advance(2 * DAY - MINUTE);
    expect(world.suppressions.against('a@x.example.com')).toBeDefined();
    await world.clock.advance(2 * MINUTE);
    expect(world.suppressions.against('a@x.example.com')).toBeUndefined();
  });
});

describe('a clock that is set back while the node is away', () => {
  it('makes nothing wait longer than its longest pause', async () => {
    const world = await MailWorld.open();
    world.script = away;
    const { id } = await world.after(SECOND);
    world.script = all;
    world.clock.setWall(-30 * DAY);
    await world.crash();
    await world.clock.advance(37 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('lets go at once what waited for nothing', async () => {
    const world = await MailWorld.open();
    await world.stop();
    const { id } = await world.accept();
    world.clock.setWall(-HOUR);
    await world.crash();
    await world.clock.advance(SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('gives a life that is no longer than it was', async () => {
    const world = await MailWorld.open();
    world.script = away;
    const { id } = await world.after(SECOND, { lifetimeMs: HOUR });
    world.clock.setWall(-30 * DAY);
    await world.crash();
    await world.clock.advance(HOUR + 2 * MINUTE);
    expect(world.get(id).state).toBe('expired');
  });

  it('counts what was sent in the hour before, and no more', async () => {
    const world = await MailWorld.open({ accounts: [account({ ratePerHour: 2 })] });
    await world.after(2 * HOUR);
    await world.after(SECOND);
    world.clock.setWall(-DAY);
    await world.crash();
    expect(world.queue.accounts.sentLastHour('main')).toBe(1);
    await world.clock.advance(HOUR + MINUTE);
    expect(world.queue.accounts.sentLastHour('main')).toBe(0);
  });

  it('lengthens no suppression', async () => {
    const world = await MailWorld.open();
    const expiresAt = new Date(world.clock.wallMs() + 2 * DAY).toISOString();
    await world.suppressions.add({ address: 'a@x.example.com', reason: 'manual', expiresAt });
    world.clock.setWall(-30 * DAY);
    await world.crash();
    expect(world.suppressions.against('a@x.example.com')).toBeDefined();
    await world.clock.advance(2 * DAY + MINUTE);
    expect(world.suppressions.against('a@x.example.com')).toBeUndefined();
  });

  it('leaves a new sender what its day has left', async () => {
    const world = await MailWorld.open({ warmUp: { perDay: [2], daysPerStep: 7 }, lifetimeMs: 2 * DAY });
    await world.after(SECOND);
    world.clock.setWall(-3 * DAY);
    await world.crash();
    for (let count = 0; count < 2; count += 1) await world.accept();
    await world.clock.advance(SECOND);
    expect(world.shipped.length).toBe(2);
    await world.clock.advance(12 * HOUR);
    expect(world.shipped.length).toBe(3);
  });
});

describe('a time that a caller named', () => {
  it.each([-HOUR, 20 * MINUTE])('is one of the clock as it is, also when that is set by %i ms', async (byMs) => {
    const world = await MailWorld.open();
    const sendAtMs = world.clock.wallMs() + HOUR;
    const { id } = await world.accept({ sendAtMs });
    await world.clock.advance(10 * MINUTE);
    world.clock.setWall(byMs);
    await world.clock.advance(sendAtMs - world.clock.wallMs() - MINUTE);
    expect(world.get(id).state).toBe('queued');
    await world.clock.advance(MINUTE + SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('has come when the clock is set beyond it, within half a minute', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    world.clock.setWall(2 * HOUR);
    await world.clock.advance(31 * SECOND);
    expect(world.get(id).state).toBe('sent');
  });

  it('stands through a restart', async () => {
    const world = await MailWorld.open();
    const { id } = await world.accept({ sendAtMs: world.clock.wallMs() + HOUR });
    world.clock.setWall(-HOUR);
    await world.crash();
    await world.clock.advance(119 * MINUTE);
    expect(world.get(id).state).toBe('queued');
    await world.clock.advance(2 * MINUTE);
    expect(world.get(id).state).toBe('sent');
  });
});
