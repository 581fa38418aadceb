// Drafts as somebody approves them: looked at, changed, sent as they were seen, or taken back.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ANN,
  BOB,
  inboxAt,
  type MailboxPageWorld,
  mailboxPageWorld,
  nextOf,
  rowsOf,
  saidBy,
  sentTo,
} from '../../../support/mailbox-page-world.ts';

const DRAFTS = '/page/mailbox/drafts';
const SOON = '2026-01-28T12:00:00.000Z';

let world: MailboxPageWorld;

beforeEach(async () => {
  world = await mailboxPageWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

const stored = async (id: string) => (await world.v0('GET', `/inboxes/${ANN}/drafts/${id}`)).body;
const got = async () => (await world.v0('GET', `/inboxes/${BOB}/messages`)).body.messages;
const pathOf = (id: string) => inboxAt(ANN, 'drafts', id);
/** The fields of the form as a browser would send them again. */
const fieldsOf = (html: string) => {
  const form = /<form method="post" action="[^"]+\/edit".*?<\/form>/s.exec(html)?.[0] ?? '';
  const text = (escaped = '') =>
    escaped
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
  const areas = [...form.matchAll(/<textarea id="(\w+)"[^>]*>\n(.*?)<\/textarea>/gs)];
  const inputs = [...form.matchAll(/<input id="(\w+)"[^>]*? value="([^"]*)"/g)];
  const revision = /name="revision" value="(\d+)"/.exec(form)?.[1] ?? '';
  const fields = [...areas, ...inputs].map(([, name = '', value]) => [name, text(value).replaceAll(/\r?\n/g, '\r\n')]);
  return { ...(Object.fromEntries(fields) as Record<string, string>), revision };
};
const edited = async (id: string, change: Readonly<Record<string, string>>) => {
  const fields = fieldsOf((await world.visitor.get(pathOf(id))).html);
  return await world.visitor.post(`${pathOf(id)}/edit`, { ...fields, ...change });
};

describe('the page of drafts', () => {
  it('lists what waits for somebody, what goes at a time, and all, with how many wait in its tab', async () => {
    await world.draft({ to: [BOB], subject: 'Offer <b>', text: 'Hi', labels: ['needs-approval'] });
    await world.draft({ to: [BOB], subject: 'Reminder', text: 'Hi', send_at: SOON });
    const first = await world.visitor.get(DRAFTS);
    expect(rowsOf(first)).toEqual([
      expect.stringMatching(/^Offer &lt;b&gt; ann@.* waits for somebody needs-approval /),
    ]);
    expect(first.html).toContain('Drafts (1)');
    expect(rowsOf(await world.visitor.get(`${DRAFTS}?kind=scheduled`))).toEqual([
      expect.stringMatching(/^Reminder .* goes 2026-01-28/),
    ]);
    expect(rowsOf(await world.visitor.get(`${DRAFTS}?kind=all`))).toHaveLength(2);
    expect(rowsOf(await world.visitor.get(`${DRAFTS}?kind=failed`))).toEqual([]);
    expect(rowsOf(await world.visitor.get(`${DRAFTS}?inbox=${BOB}&kind=all`))).toEqual([]);
    expect((await world.visitor.get(`${DRAFTS}?kind=odd`)).status).toBe(400);
    expect((await world.visitor.get(`${DRAFTS}?inbox=nobody%40agents.example.com`)).status).toBe(404);
  });

  it('is paged', async () => {
    for (let count = 0; count < 51; count += 1) await world.draft({ subject: `${count}` });
    const first = await world.visitor.get(DRAFTS);
    expect([rowsOf(first).length, rowsOf(await world.visitor.get(nextOf(first) ?? '')).length]).toEqual([50, 1]);
  });
});

describe('a draft', () => {
  it('shows all that would be sent, its HTML in a frame, and its files', async () => {
    const attachments = [{ filename: 'a.txt', content: Buffer.from('hello').toString('base64') }];
    const html = '<p>Dear Bob</p><script>alert(1)</script>';
    const id = await world.draft({ to: [BOB], bcc: ['eve@x.com'], subject: 'Offer', text: 'Dear', html, attachments });
    const { html: page } = await world.visitor.get(pathOf(id));
    for (const words of ['Blind copy to', 'eve@x.com', 'Dear', 'a.txt']) expect(page).toContain(words);
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect((await world.visitor.get(`${pathOf(id)}?view=html`)).html).toContain('<iframe class="foreign" sandbox=""');
    const frame = await world.visitor.get(`${pathOf(id)}/html`);
    expect([frame.html.includes('Dear Bob'), frame.html.includes('script')]).toEqual([true, false]);
    const link = /href="([^"]+\/attachments\/[^"]+)"/.exec(page)?.[1] ?? '';
    expect((await world.visitor.get(sentTo(await world.visitor.get(link)))).html).toBe('hello');
  });

  it('says of its HTML where its links are read: in the HTML that is edited, and nowhere when that is too long', async () => {
    const html = '<a href="https://shop.example">here</a>';
    const shown = async (id: string) => (await world.visitor.get(`${pathOf(id)}?view=html`)).html;
    const short = await shown(await world.draft({ text: 'Dear', html }));
    expect(short).toContain('where they would lead stands in its HTML below.');
    expect(fieldsOf(short)).toMatchObject({ html });
    const long = await shown(await world.draft({ text: 'Dear', html: html + 'x'.repeat(300_000) }));
    expect(long).toContain('Its links lead nowhere here.');
  });

  it('is approved: sent as it was seen, once', async () => {
    const id = await world.draft({ to: [BOB], subject: 'Offer', text: 'Hi' });
    const fields = { revision: '1' };
    const sent = await world.visitor.post(`${pathOf(id)}/send`, fields);
    expect([sent.status, saidBy(sent)]).toEqual([303, 'mailSent']);
    expect((await got()).map((mail: { subject: string }) => mail.subject)).toEqual(['Offer']);
    expect((await world.visitor.get(sentTo(sent))).status).toBe(200);
    expect(sentTo(await world.visitor.post(`${pathOf(id)}/send`, fields))).toBe(sentTo(sent));
    expect(await got()).toHaveLength(1);
    expect((await world.visitor.get(pathOf(id))).status).toBe(404);
  });

  it('is not sent when somebody has changed it since, nor to nobody', async () => {
    const id = await world.draft({ to: [BOB], text: 'Hi' });
    await world.v0('PATCH', `/inboxes/${ANN}/drafts/${id}`, { text: 'Other' });
    const seen = await world.visitor.post(`${pathOf(id)}/send`, { revision: '1' });
    expect([seen.status, seen.html.includes('was changed since')]).toEqual([409, true]);
    expect((await world.visitor.post(`${pathOf(id)}/send`, {})).status).toBe(400);
    const empty = await world.draft({ text: 'Hi' });
    expect((await world.visitor.post(`${pathOf(empty)}/send`, { revision: '1' })).status).toBe(400);
    expect([await got(), (await stored(id)).text]).toEqual([[], 'Other']);
  });

  it('is changed in what was changed, and in nothing else', async () => {
    const text = '\nDear Bob,\r\nhere\u200d it is.';
    const asked = { to: ['"Doe, Jane" <jane@x.com>', BOB], subject: 'Offer "1" <b>', text, labels: ['a', 'b'] };
    const id = await world.draft({ ...asked, html: '<p>&amp; so on</p>', reply_to: ANN });
    const before = await stored(id);
    expect(saidBy(await edited(id, {}))).toBe('draftSame');
    expect(await stored(id)).toEqual(before);
    const seen = await edited(id, {
      subject: 'Better',
      labels: 'b, c',
      cc: ` ${ANN} \r\n`,
      send_at: '2026-01-28T12:00',
    });
    expect([seen.status, saidBy(seen)]).toEqual([303, 'draftSaved']);
    const { send_status, send_at, updated_at, ...after } = await stored(id);
    expect([send_status, send_at, updated_at]).toEqual(['scheduled', SOON, expect.any(String)]);
    const { updated_at: _, ...rest } = before;
    expect(after).toEqual({ ...rest, subject: 'Better', labels: ['b', 'c', 'scheduled'], cc: [ANN] });
    expect(saidBy(await edited(id, { subject: '', cc: '', labels: '', send_at: '' }))).toBe('draftSaved');
    const cleared = await stored(id);
    expect([cleared.subject, cleared.cc, cleared.labels, cleared.send_at]).toEqual([
      undefined,
      undefined,
      [],
      undefined,
    ]);
  });

  it('keeps what was typed where that is refused, and is not changed', async () => {
    const id = await world.draft({ to: [BOB], subject: 'Offer', text: 'Hi' });
    const before = await stored(id);
    const seen = await edited(id, { to: 'nobody', text: 'Typed & lost?' });
    expect(seen.status).toBe(400);
    expect(seen.html).toContain('role="alert"');
    expect(seen.html).toContain('&#39;to.0&#39; is not an email address');
    expect(fieldsOf(seen.html)).toMatchObject({ to: 'nobody', text: 'Typed & lost?', revision: '1' });
    for (const [fields, status] of [
      [{ send_at: '2020-01-01T00:00' }, 400],
      [{ send_at: 'tomorrow' }, 400],
      [{ labels: 'scheduled' }, 400],
      [{ text: 'x', revision: '7' }, 409],
    ] as const)
      expect((await edited(id, fields)).status, JSON.stringify(fields)).toBe(status);
    expect((await edited(id, { revision: 'x' })).status).toBe(400);
    expect(await stored(id)).toEqual(before);
    expect((await world.visitor.post(`${pathOf('none')}/edit`, { revision: '1' })).status).toBe(404);
  });

  it('takes a form of a megabyte, and none that is beyond all bounds', async () => {
    const id = await world.draft({ to: [BOB], text: 'Hi' });
    expect((await edited(id, { text: 'é'.repeat(250_000) })).status).toBe(303);
    expect((await edited(id, { text: 'x'.repeat(5_000_000) })).status).toBe(413);
    const long = await world.draft({ text: 'x'.repeat(300_000) });
    expect((await world.visitor.get(pathOf(long))).html).toContain('too long to be changed here');
  });

  it('that goes at a time is taken back, and deleted', async () => {
    const id = await world.draft({ to: [BOB], text: 'Hi', send_at: SOON });
    expect((await world.visitor.get(pathOf(id))).html).toContain('Cancel its time');
    const seen = await world.visitor.post(`${pathOf(id)}/untime`, { revision: '1' });
    expect([seen.status, saidBy(seen), (await stored(id)).send_status]).toEqual([303, 'draftUntimed', undefined]);
    expect((await world.visitor.post(`${pathOf(id)}/delete`, { revision: '1' })).status).toBe(409);
    const gone = await world.visitor.post(`${pathOf(id)}/delete`, { revision: '2' });
    expect([saidBy(gone), (await stored(id)).code]).toEqual(['draftDeleted', 'not_found']);
  });
});
