// What a bounce may bring about, and for whom: it knows a Message-ID, and no more than that.
import { describe, expect, it } from 'vitest';
import { Suppressions } from '../../../node/send/bounces/suppressions.ts';
import { BOUNCE_AGE_MS_MAX, ReturnedMail } from '../../../node/send/returned-mail.ts';
import { MailWorld } from '../../support/mail-world.ts';

const DAY_MS = 24 * 3_600_000;

/** `laterMs`: how long after the message was sent the bounces come. */
async function sentTo(to: readonly string[], laterMs = 60_000) {
  const world = await MailWorld.open();
  const message = await world.after(1_000, { to });
  const clock = Object.assign(Object.create(world.clock), { wallMs: () => world.clock.wallMs() + laterMs });
  const returned = new ReturnedMail({ queue: world.queue, suppressions: world.suppressions, clock, log: world.log });
  const bounce = (address: string, alternatives: readonly string[] = []) =>
    returned.receive({
      email_id: message.id,
      recipients: [{ address, alternatives, action: 'failed', status: '5.1.1' }],
    });
  return { world, message, bounce };
}

describe('a bounce', () => {
  it('within two weeks is believed, and later not', async () => {
    const early = await sentTo(['bob@mail.example.com'], BOUNCE_AGE_MS_MAX - DAY_MS);
    expect(await early.bounce('bob@mail.example.com')).toMatchObject({ suppressed: ['bob@mail.example.com'] });
    const late = await sentTo(['bob@mail.example.com'], BOUNCE_AGE_MS_MAX + DAY_MS);
    await expect(late.bounce('bob@mail.example.com')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('14 days'),
    });
    expect(late.world.get(late.message.id).state).toBe('sent');
  });

  it.each([
    ['its spelling', ['BOB@mail.example.com'], 'bob@MAIL.example.com', []],
    ['its quotes', ['"bob"@mail.example.com'], 'bob@mail.example.com', []],
    ['whom it was passed on from', ['bob@mail.example.com'], 'list@x.example', ['bob@mail.example.com']],
  ])('is about the recipient whatever %s', async (_, to, address, alternatives) => {
    const { bounce } = await sentTo(to);
    expect(await bounce(address, alternatives)).toMatchObject({ message: { state: 'bounced' }, suppressed: to });
  });

  it('is about the one of two that it spells as we did, and about none when it could be either', async () => {
    const to = ['Bob@mail.example.com', 'bob@mail.example.com'];
    const { bounce } = await sentTo(to);
    await expect(bounce('BOB@mail.example.com')).rejects.toMatchObject({ code: 'not_found' });
    expect((await bounce('Bob@mail.example.com')).message.recipients.map(({ state }) => state)).toEqual([
      'bounced',
      'sent',
    ]);
  });

  it('marks its message also when the list is full, and says that nobody was put on it', async () => {
    const { world, message } = await sentTo(['bob@mail.example.com']);
    const suppressions = await Suppressions.open(world.store, world.clock, 0);
    const returned = new ReturnedMail({ queue: world.queue, suppressions, clock: world.clock, log: world.log });
    const recipients = [
      { address: 'bob@mail.example.com', alternatives: [], action: 'failed' as const, status: '5.1.1' },
    ];
    expect(await returned.receive({ email_id: message.id, recipients })).toMatchObject({
      message: { state: 'bounced' },
      suppressed: [],
    });
    expect(world.log.named('suppression.full')).toHaveLength(1);
  });

  it('of one recipient of several marks that one, and puts nobody on the list', async () => {
    const { world, bounce } = await sentTo(['bob@mail.example.com', 'mal@mail.example.com']);
    const { message, suppressed } = await bounce('bob@mail.example.com');
    expect([message.recipients.map(({ state }) => state), suppressed]).toEqual([['bounced', 'sent'], []]);
    expect(world.suppressions.against('bob@mail.example.com')).toBeUndefined();
  });
});
