// Drafts at their time, by a clock that tests move: sent once, through deaths at every step, and never without saying why not.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { DraftWorld } from '../../../support/draft-world.ts';
import { ANN, BOB, HOUR_MS } from '../../../support/outbox-world.ts';
import { LIVE_MS_MAX } from '../../../support/time-bounds.ts';

const DAY_MS = 24 * HOUR_MS;
const LATE_MS_MAX = 2_000;
/** Each mail is written to the disk. */
const SLOW = { timeout: LIVE_MS_MAX };
let world: DraftWorld;

beforeEach(async () => {
  world = await DraftWorld.open();
});

afterEach(async () => {
  await world.end();
  rmSync(world.world.directory, { recursive: true });
});

const inMs = (ms: number) => world.clock.wallMs() + ms;
const NOTHING = { inboxes: [], shipped: 0 };
const ONCE = { inboxes: [ANN, BOB], shipped: 1 };

describe('a draft with a time', () => {
  it('goes out then, with its files, and is no draft any more', async () => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    await world.clock.advance(HOUR_MS - 1);
    expect([world.shown, world.sent]).toEqual([[{ id: 'a', status: 'scheduled', reason: null }], NOTHING]);
    await world.clock.advance(LATE_MS_MAX);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
    expect(world.world.rows('SELECT filename FROM part')).toEqual([{ filename: 'a.csv' }, { filename: 'a.csv' }]);
    expect(world.world.rows("SELECT DISTINCT label FROM message_label WHERE label IN ('x', 'scheduled')")).toEqual([
      { label: 'x' },
    ]);
    expect(world.world.rows('SELECT 1 FROM draft_file')).toEqual([]);
  });

  it('goes out when its time is moved, and not before', async () => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    const form = { add_attachments: [], remove_attachments: [], add_labels: [], remove_labels: [] };
    const asked = { client: 'c', maySend: true };
    const meant = { inboxId: ANN, draftId: 'a' };
    await world.drafts.change(meant, { ...form, send_at: inMs(2 * HOUR_MS) }, asked);
    await world.clock.advance(HOUR_MS + LATE_MS_MAX);
    expect(world.sent).toEqual(NOTHING);
    await world.drafts.change(meant, { ...form, send_at: inMs(60_000) }, asked);
    await world.clock.advance(60_000 + LATE_MS_MAX);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it.each([
    ['is taken back', null],
    ['is moved', 2 * HOUR_MS],
  ])('stays when that time %s just as it comes', async (_, laterMs) => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    const { drafts } = world;
    const sendOnce = drafts.sendOnce.bind(drafts);
    const changed = Promise.withResolvers<void>();
    const form = { add_attachments: [], remove_attachments: [], add_labels: [], remove_labels: [] };
    drafts.sendOnce = async (sending, endAfter) => {
      const move = { ...form, send_at: laterMs === null ? null : inMs(laterMs) };
      await drafts.change({ inboxId: ANN, draftId: 'a' }, move, { client: 'c', maySend: true });
      drafts.sendOnce = sendOnce;
      return await sendOnce(sending, endAfter).finally(changed.resolve);
    };
    await world.clock.advance(HOUR_MS + LATE_MS_MAX);
    await changed.promise;
    await world.clock.advance(LATE_MS_MAX);
    const status = laterMs === null ? null : 'scheduled';
    expect([world.shown, world.sent]).toEqual([[{ id: 'a', status, reason: null }], NOTHING]);
  });

  it('goes out when the wall clock is set past it', async () => {
    await world.add('a', { sendAtMs: inMs(20_000) });
    await world.clock.advance(1_000);
    world.clock.setWall(60_000);
    await world.clock.advance(30_000);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it('waits while the disk is full, and goes out when there is room', async () => {
    await world.add('a', { sendAtMs: inMs(1_000) });
    world.isDiskFull = true;
    await world.clock.advance(60_000);
    await world.until(() => world.shown[0]?.status === 'scheduled');
    expect(world.sent).toEqual(NOTHING);
    world.isDiskFull = false;
    await world.clock.advance(60_000);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it('is one of many, all of which go out at theirs', SLOW, async () => {
    for (let draft = 0; draft < 60; draft += 1)
      await world.add(`${draft}`, { sendAtMs: inMs(60_000), files: [], to: [], cc: [{ name: '', address: BOB }] });
    await world.clock.advance(60_000 + LATE_MS_MAX);
    await world.allSent();
    expect(world.sent.inboxes).toHaveLength(120);
  });
});

describe('a draft whose time comes while the node is down', () => {
  it('goes out at the start, when that is no day later', async () => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    await world.restart(HOUR_MS + DAY_MS);
    await world.clock.advance(LATE_MS_MAX);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it('has failed, and says why, when it is', async () => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    await world.restart(HOUR_MS + DAY_MS + LATE_MS_MAX);
    await world.clock.advance(LATE_MS_MAX);
    expect(world.shown).toEqual([{ id: 'a', status: 'failed', reason: expect.stringContaining('24 hours') }]);
    expect(world.sent).toEqual(NOTHING);
  });
});

describe('a draft that may not go yet', () => {
  it('waits where a sender would be told to, says so, and goes out then', async () => {
    world.world.refusal = new MeshError('rate_limited', 'Too many mails.', { retryAfterSeconds: 7_200 });
    await world.add('a', { sendAtMs: inMs(1_000) });
    await world.clock.advance(10_000);
    await world.until(() => world.shown[0]?.reason === 'Too many mails.');
    expect(world.shown).toEqual([{ id: 'a', status: 'scheduled', reason: 'Too many mails.' }]);
    expect(world.sent).toEqual(NOTHING);
    world.world.refusal = undefined;
    await world.clock.advance(HOUR_MS);
    expect(world.sent).toEqual(NOTHING);
    await world.clock.advance(HOUR_MS + 10_000);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it('waits for days, for it is not the node that is late', SLOW, async () => {
    world.world.refusal = new MeshError('rate_limited', 'Too many mails.', { retryAfterSeconds: 72_000 });
    await world.add('a', { sendAtMs: inMs(1_000) });
    for (let hours = 0; hours < 40; hours += 20) {
      await world.clock.advance(72_000_000);
      await world.until(() => world.shown[0]?.status === 'scheduled');
    }
    world.world.refusal = undefined;
    await world.clock.advance(2 * 72_000_000);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });

  it('is tried again where the host can’t send now', async () => {
    world.world.refusal = new MeshError('overloaded', 'Too much to do.');
    await world.add('a', { sendAtMs: inMs(1_000) });
    await world.clock.advance(10_000);
    await world.until(() => world.steps.includes('endSendingDraft') && world.shown[0]?.status === 'scheduled');
    expect(world.shown).toEqual([{ id: 'a', status: 'scheduled', reason: null }]);
    world.world.refusal = undefined;
    await world.clock.advance(60_000);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });
});

describe('a draft that is refused for good', () => {
  it('has failed, says why, is kept, and goes out once it is changed', async () => {
    world.world.refusal = new MeshError('sender_not_owned', 'Not yours.');
    await world.add('a', { sendAtMs: inMs(1_000) });
    await world.clock.advance(10_000);
    await world.until(() => world.shown[0]?.status === 'failed');
    expect(world.shown).toEqual([{ id: 'a', status: 'failed', reason: 'Not yours.' }]);
    expect(world.world.rows('SELECT count(*) AS files FROM draft_file')).toEqual([{ files: 1 }]);
    expect(world.world.rows('SELECT 1 FROM outgoing')).toEqual([]);
    world.world.refusal = undefined;
    await world.clock.advance(DAY_MS);
    expect(world.sent).toEqual(NOTHING);
    const form = {
      add_attachments: [],
      remove_attachments: [],
      add_labels: [],
      remove_labels: [],
      send_at: inMs(1_000),
    };
    await world.drafts.change({ inboxId: ANN, draftId: 'a' }, form, { client: 'c', maySend: true });
    await world.clock.advance(1_000 + LATE_MS_MAX);
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });
});

const STEPS = ['dueDrafts', 'beginSendingDraft', 'inboxesFor', 'beginOutgoing', 'submit', 'finishOutgoing'];

describe('a node that dies while it sends a draft at its time', () => {
  it.each(STEPS.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]))(
    'at %s, %s it: has sent it once when it is back',
    SLOW,
    async (step, when) => {
      await world.add('a', { sendAtMs: inMs(1_000) });
      await world.clock.advance(500);
      world.dieAt({ step, when });
      await world.clock.advance(10_000);
      await world.until(() => world.world.isDead);
      await world.restart();
      await world.clock.advance(60_000);
      await world.allSent();
      await world.clock.advance(HOUR_MS);
      expect(world.sent).toEqual(ONCE);
      expect(world.world.rows('SELECT DISTINCT uses FROM raw')).toEqual([{ uses: 2 }]);
    },
  );

  it.each(['before', 'after'] as const)('at endSendingDraft, %s it: has failed it', async (when) => {
    world.world.refusal = new MeshError('sender_not_owned', 'Not yours.');
    await world.add('a', { sendAtMs: inMs(1_000) });
    await world.clock.advance(500);
    world.dieAt({ step: 'endSendingDraft', when });
    await world.clock.advance(10_000);
    await world.until(() => world.world.isDead);
    await world.restart();
    await world.clock.advance(HOUR_MS);
    await world.until(() => world.shown[0]?.status === 'failed');
    expect([world.shown, world.sent]).toEqual([[{ id: 'a', status: 'failed', reason: 'Not yours.' }], NOTHING]);
  });

  it('again and again: has sent it once', SLOW, async () => {
    await world.add('a', { sendAtMs: inMs(1_000) });
    for (const step of STEPS)
      for (const when of ['before', 'after'] as const) {
        await world.restart(0, { step, when });
        await world.clock.advance(40_000);
        await world.until(() => world.world.isDead);
      }
    await world.restart();
    await world.clock.advance(60_000);
    await world.allSent();
    await world.clock.advance(HOUR_MS);
    expect(world.sent).toEqual(ONCE);
  });
});

describe('a node that dies while somebody sends a draft', () => {
  it.each(
    ['beginSendingDraft', 'beginOutgoing', 'submit', 'finishOutgoing'].flatMap((step) => [
      [step, 'before'] as const,
      [step, 'after'] as const,
    ]),
  )('at %s, %s it: has sent it once, or has the draft as it was', SLOW, async (step, when) => {
    await world.add('a');
    world.dieAt({ step, when });
    void world.drafts.send({ inboxId: ANN, draftId: 'a', client: 'c', addLabels: [], removeLabels: [] });
    await world.until(() => world.world.isDead);
    await world.restart();
    await world.clock.advance(60_000);
    const wasWritten = !(step === 'beginSendingDraft' || (step === 'beginOutgoing' && when === 'before'));
    if (wasWritten) await world.allSent();
    else await world.until(() => world.shown[0]?.status === null);
    await world.clock.advance(HOUR_MS);
    expect(world.sent).toEqual(wasWritten ? ONCE : NOTHING);
  });
});

describe('a draft that is being sent', () => {
  it('is not changed, not removed, and not sent a second time', async () => {
    await world.add('a');
    const sending = { inboxId: ANN, draftId: 'a', client: 'c', addLabels: [], removeLabels: [] };
    world.world.silence = { step: 'finishOutgoing', when: 'before', times: 1 };
    const first = world.drafts.send(sending);
    await world.until(() => world.world.silence?.times === 0);
    const form = { add_attachments: [], remove_attachments: [], add_labels: ['y'], remove_labels: [] };
    const refusal = { code: 'conflict' };
    await expect(world.drafts.change(sending, form, { client: 'c', maySend: true })).rejects.toMatchObject(refusal);
    await expect(world.drafts.remove(sending)).rejects.toMatchObject(refusal);
    await expect(world.drafts.send(sending)).rejects.toMatchObject(refusal);
    await world.clock.advance(1_000);
    expect(await first).toMatchObject({ messageId: expect.any(String) });
    await world.allSent();
    expect(world.sent).toEqual(ONCE);
  });
});

describe('a draft that was approved', () => {
  it('is changed by nobody who may not send, but to take its time away', async () => {
    await world.add('a', { sendAtMs: inMs(HOUR_MS) });
    const form = { add_attachments: [], remove_attachments: [], add_labels: [], remove_labels: [] };
    const meant = { inboxId: ANN, draftId: 'a' };
    const agent = { client: 'c', maySend: false };
    await expect(world.drafts.change(meant, { ...form, text: 'Else' }, agent)).rejects.toMatchObject({
      code: 'forbidden',
    });
    const changed = await world.drafts.change(meant, { ...form, text: 'Else', send_at: null }, agent);
    expect(changed).toMatchObject({ text: 'Else', status: undefined, sendAtMs: undefined });
    await world.clock.advance(2 * HOUR_MS);
    expect(world.sent).toEqual(NOTHING);
  });
});
