// Drafts over HTTP: written, changed, read, on one host without any server outside.
// Longer than 300 lines: each refusal is a row, beside the drafts of one mailbox that the others are about.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { COUNTED_DRAFTS } from '../../../../node/mailbox/store/draft-reader.ts';
import { ANN, at, BOB, base64, create, draftsOf, mailsOf, onDraft, rows, withTwo } from '../../../support/drafting.ts';

describe('POST …/drafts', () => {
  it('keeps what it is told, and answers it as it is read again', async () => {
    await using node = await withTwo();
    const made = await create(node, {
      ...{ to: [`Bob <${BOB}>`], cc: '"Doe, Jane" <jane@example.net>', bcc: ['eve@example.net'], reply_to: ANN },
      ...{ subject: 'Offer', text: 'Dear Bob,\nhere it is.', html: '<p>Dear Bob</p>', labels: ['needs-approval'] },
      ...{ client_id: 'offer-1', attachments: [{ filename: 'a.txt', content: base64('hello') }] },
    });
    expect(made.status).toBe(200);
    expect(made.body).toEqual({
      ...{ inbox_id: ANN, draft_id: expect.stringMatching(/^[-0-9a-f]{36}$/), client_id: 'offer-1' },
      ...{ labels: ['needs-approval'], to: [`Bob <${BOB}>`], cc: ['"Doe, Jane" <jane@example.net>'] },
      ...{ bcc: ['eve@example.net'], reply_to: [ANN], subject: 'Offer', text: 'Dear Bob,\nhere it is.' },
      ...{ html: '<p>Dear Bob</p>', preview: 'Dear Bob, here it is.' },
      attachments: [{ attachment_id: expect.any(String), filename: 'a.txt', size: 5 }],
      ...{ updated_at: '2026-01-27T12:00:00.000Z', created_at: '2026-01-27T12:00:00.000Z' },
    });
    const read = await onDraft(node, 'GET', made.body.draft_id);
    expect([read.body, read.headers.get('etag')]).toEqual([made.body, '"1"']);
    expect((await node.v0('GET', `/drafts/${made.body.draft_id}`)).body).toEqual(made.body);
    expect(await mailsOf(node, ANN)).toEqual([]);
  });

  it('is the same draft for the same client id, whatever else is said', async () => {
    await using node = await withTwo();
    const first = await create(node, { client_id: 'one', subject: 'One' });
    const again = await create(node, { client_id: 'one', subject: 'Two' });
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect(await draftsOf(node)).toHaveLength(1);
  });

  it('is the same draft for the same client id, though its time has passed and its message is gone', async () => {
    await using node = await withTwo();
    const said = { to: [ANN], text: 'Hi' };
    const { message_id: messageId } = (await node.v0('POST', `/inboxes/${BOB}/messages/send`, said)).body;
    const forms = [
      { client_id: 'timed', to: [BOB], send_at: '2026-01-27T12:00:10Z' },
      { client_id: 'answer', in_reply_to: messageId },
    ];
    const made = [];
    for (const form of forms) made.push(await create(node, form));
    expect(made).toMatchObject([{ status: 200 }, { status: 200 }]);
    await onDraft(node, 'PATCH', made[0]?.body.draft_id, { to: [], send_at: null });
    await node.clock.advance(180_000);
    expect((await node.v0('DELETE', `/inboxes/${ANN}/messages/${at(messageId)}`)).status).toBe(204);
    for (const [index, form] of forms.entries()) {
      const again = await create(node, { ...form, attachments: [{ content: base64('x'.repeat(200)) }] });
      expect(again).toMatchObject({ status: 200, body: { draft_id: made[index]?.body.draft_id } });
    }
    expect(await draftsOf(node)).toHaveLength(2);
    expect(await create(node, { ...forms[0], client_id: 'another' })).toMatchObject({ status: 400 });
    expect(await create(node, { ...forms[1], client_id: 'another' })).toMatchObject({ status: 404 });
  });

  it.each([
    ['an address that is none', { to: ['nobody'] }, 'to.0'],
    ['a subject of two lines', { subject: 'a\r\nBcc: x@y.com' }, 'subject'],
    ['a label that is the host’s', { labels: ['scheduled'] }, 'labels'],
    ['a label that says what becomes of it', { labels: ['failed'] }, 'labels'],
    ['a member that nobody knows', { sendAt: '2026-01-28T00:00:00Z' }, 'sendAt'],
    ['an answer that passes on', { in_reply_to: '<a@y>', forward_of: '<b@y>' }, 'forward_of'],
    ['an answer to all and to one', { in_reply_to: '<a@y>', reply_all: true, to: [BOB] }, 'reply_all'],
    ['a time that is none', { send_at: 'tomorrow' }, 'send_at'],
    ['a time that has passed', { to: [BOB], send_at: '2026-01-27T11:58:00Z' }, 'send_at'],
    ['a time too far ahead', { to: [BOB], send_at: '2026-04-27T12:00:01Z' }, 'send_at'],
    ['a client id with blanks', { client_id: 'a b' }, 'client_id'],
    ['octets that are no base64', { attachments: [{ content: '*' }] }, 'attachments.0.content'],
    [
      'too many recipients',
      {
        to: Array.from({ length: 60 }, (_, n) => `a${n}@y.com`),
        cc: Array.from({ length: 60 }, (_, n) => `b${n}@y.com`),
      },
      'to',
    ],
  ])('refuses %s, and keeps nothing', async (_, body, path) => {
    await using node = await withTwo();
    const refused = await create(node, body);
    expect(refused).toMatchObject({ status: 400, body: { name: 'ValidationError', code: 'validation_error' } });
    expect(refused.body.errors[0].path.join('.')).toBe(path);
    expect(await draftsOf(node)).toEqual([]);
  });

  it('answers a mail that nobody can answer, where its writer says whom it goes to', async () => {
    await using node = await withTwo();
    const mail = `From: root@localhost\r\nTo: ${ANN}\r\nSubject: Cron\r\nMessage-ID: <cron@y.com>\r\n\r\nDone.\r\n`;
    const imported = await node.node.fetch(
      new Request(`http://localhost/api/mailbox/inboxes/${ANN}/import`, {
        method: 'POST',
        headers: { host: 'localhost', authorization: `Bearer ${node.key}`, 'content-type': 'application/mbox' },
        body: `From root@localhost Tue Jan 27 12:00:00 2026\n${mail}\n`,
      }),
    );
    expect(imported.status).toBe(200);
    const answer = { in_reply_to: '<cron@y.com>', text: 'Seen.' };
    const unsaid = await create(node, answer);
    expect(unsaid).toMatchObject({ status: 422, body: { fix: expect.stringContaining('…/reply') } });
    const made = await create(node, { ...answer, to: [BOB] });
    expect(made).toMatchObject({ status: 200, body: { to: [BOB], subject: 'Re: Cron', in_reply_to: '<cron@y.com>' } });
    const all = await node.v0('POST', `/inboxes/${ANN}/messages/${at('<cron@y.com>')}/reply-all`, { text: 'Seen.' });
    expect(all).toMatchObject({ status: 422, body: { fix: expect.stringContaining('…/reply') } });
  });

  it('refuses a time for nobody, a message that is not there, and an inbox without room', async () => {
    await using node = await withTwo();
    expect(await create(node, { send_at: '2026-01-28T00:00:00Z' })).toMatchObject({ status: 400 });
    expect(await create(node, { in_reply_to: '<never@y.com>' })).toMatchObject({ status: 404 });
    await node.own('PUT', `/inboxes/${ANN}/settings`, { quota_bytes: 100 });
    const full = await create(node, { attachments: [{ content: base64('x'.repeat(200)) }] });
    expect(full).toMatchObject({ status: 403, body: { code: 'limit_exceeded' } });
    expect(await rows(node, 'SELECT 1 FROM draft UNION SELECT 1 FROM raw')).toEqual([]);
  });
});

describe('GET …/drafts', () => {
  it('lists what was changed last first, in pages, by labels and times', async () => {
    await using node = await withTwo();
    const ids: string[] = [];
    for (const [number, label] of ['red', 'blue', 'red'].entries()) {
      ids.push((await create(node, { subject: `${number}`, labels: [label, 'all'] })).body.draft_id);
      await node.clock.advance(1_000);
    }
    await onDraft(node, 'PATCH', ids[0] as string, { text: 'Later.' });
    const subjects = async (query: string) =>
      (await draftsOf(node, query)).map(({ subject }: { subject: string }) => subject);
    expect(await subjects('')).toEqual(['0', '2', '1']);
    expect(await subjects('?ascending=true')).toEqual(['1', '2', '0']);
    expect(await subjects('?labels=red&labels=all')).toEqual(['0', '2']);
    expect(await subjects('?labels=red,blue')).toEqual([]);
    expect(await subjects('?after=2026-01-27T12:00:01Z')).toEqual(['0', '2']);
    expect(await subjects('?before=2026-01-27T12:00:02Z')).toEqual(['1']);
    const { body: first } = await node.v0('GET', '/drafts?limit=2');
    expect(first).toMatchObject({ count: 2, limit: 2, drafts: [{ subject: '0', preview: 'Later.' }, {}] });
    const { body: second } = await node.v0('GET', `/drafts?limit=2&page_token=${first.next_page_token}`);
    expect(second).toEqual({ count: 1, limit: 2, drafts: [expect.objectContaining({ subject: '1' })] });
    expect(second.drafts[0]).not.toHaveProperty('created_at');
    const wrong = await node.v0('GET', `/drafts?limit=2&labels=red&page_token=${first.next_page_token}`);
    expect(wrong).toMatchObject({ status: 400, body: { code: 'validation_error' } });
  });
});

describe('PATCH …/drafts/:id', () => {
  it('changes what is named, clears what is null, and leaves the rest', async () => {
    await using node = await withTwo();
    const { draft_id: id } = (await create(node, { to: [BOB], cc: [ANN], subject: 'A', text: 'B', labels: ['x', 'y'] }))
      .body;
    await node.clock.advance(5);
    const changed = await onDraft(node, 'PATCH', id, {
      ...{ subject: null, cc: null, text: 'C', add_labels: ['z', 'x'], remove_labels: 'y' },
    });
    expect(changed.body).toMatchObject({ to: [BOB], text: 'C', preview: 'C', labels: ['x', 'z'] });
    expect(changed.body).not.toHaveProperty('subject');
    expect(changed.body).not.toHaveProperty('cc');
    expect(changed.body.updated_at).toBe('2026-01-27T12:00:00.005Z');
    expect((await onDraft(node, 'PATCH', id, { to: [] })).body).not.toHaveProperty('to');
    expect((await onDraft(node, 'PATCH', id, { html: '<p>D</p>', text: null })).body.preview).toBe('D');
    expect((await onDraft(node, 'PATCH', id, {})).status).toBe(400);
  });

  it('adds files, takes them away, and links to their octets', async () => {
    await using node = await withTwo();
    const large = 'l'.repeat(200_000);
    const files = [
      { filename: 'small.txt', content: base64('small') },
      { content: base64(large), content_type: 'text/csv', content_disposition: 'inline', content_id: 'one' },
    ];
    const { body: made } = await create(node, { attachments: files });
    const [small, other] = made.attachments;
    expect(other).toEqual({
      ...{ attachment_id: expect.any(String), filename: 'attachment-2', size: 200_000, content_type: 'text/csv' },
      ...{ content_disposition: 'inline', content_id: 'one' },
    });
    const octetsOf = async (path: string) => {
      const { body } = await node.v0('GET', path);
      return await (await node.node.fetch(new Request(body.download_url, { headers: { host: 'localhost' } }))).text();
    };
    const path = `/drafts/${made.draft_id}/attachments`;
    expect(await octetsOf(`/inboxes/${ANN}${path}/${other.attachment_id}`)).toBe(large);
    expect(await octetsOf(`${path}/${small.attachment_id}`)).toBe('small');
    const changed = await onDraft(node, 'PATCH', made.draft_id, {
      remove_attachments: [other.attachment_id, other.attachment_id],
      add_attachments: [{ filename: 'new.txt', content: base64('new') }],
    });
    const names = changed.body.attachments.map(({ filename }: { filename: string }) => filename);
    expect(names).toEqual(['small.txt', 'new.txt']);
    expect((await node.v0('GET', `${path}/${other.attachment_id}`)).status).toBe(404);
    expect(await rows(node, 'SELECT size, uses FROM raw ORDER BY size')).toEqual([
      { size: 3, uses: 1 },
      { size: 5, uses: 1 },
    ]);
    const twice = await onDraft(node, 'PATCH', made.draft_id, { remove_attachments: [other.attachment_id] });
    expect(twice).toMatchObject({ status: 404, body: { message: 'There is no such attachment.' } });
  });

  it('changes nothing of a draft that was changed since it was seen', async () => {
    await using node = await withTwo();
    const { body, headers } = await create(node, { subject: 'A', to: [BOB] });
    const seen = { 'if-match': String(headers.get('etag')) };
    await onDraft(node, 'PATCH', body.draft_id, { subject: 'B' });
    for (const [method, path, form] of [
      ['PATCH', body.draft_id, { subject: 'C' }],
      ['POST', `${body.draft_id}/send`, {}],
      ['DELETE', body.draft_id, undefined],
    ] as const)
      expect(await onDraft(node, method, path, form, seen)).toMatchObject({
        status: 409,
        body: { code: 'race_condition' },
      });
    expect((await onDraft(node, 'PATCH', body.draft_id, { subject: 'C' }, { 'if-match': 'x' })).status).toBe(400);
    expect((await onDraft(node, 'PATCH', body.draft_id, { subject: 'C' }, { 'if-match': '"2"' })).status).toBe(200);
  });
});

describe('DELETE …/drafts/:id', () => {
  it('leaves nothing of it in any file', async () => {
    await using node = await withTwo();
    const word = 'sesquipedalian';
    const { draft_id: id } = (
      await create(node, { text: word, attachments: [{ content: base64(`${word} `.repeat(9_000)) }] })
    ).body;
    expect((await onDraft(node, 'DELETE', id)).status).toBe(204);
    const files = readdirSync(node.directory, { recursive: true, encoding: 'utf8' }).map(
      (name) => `${node.directory}/${name}`,
    );
    const having = files.filter((path) => statSync(path).isFile() && readFileSync(path).includes(word));
    expect(having).toEqual([]);
    expect((await node.own('GET', `/inboxes/${ANN}/settings`)).body.used_bytes).toBe(0);
  });
});

describe('drafts of an inbox that is deleted', () => {
  it('go with it, with their files', async () => {
    await using node = await withTwo();
    const { body } = await create(node, {
      to: [BOB],
      send_at: '2026-01-28T00:00:00Z',
      attachments: [{ content: base64('x') }],
    });
    await node.v0('DELETE', `/inboxes/${ANN}`);
    expect((await node.v0('GET', `/drafts/${body.draft_id}`)).status).toBe(404);
    expect(await rows(node, 'SELECT 1 FROM draft UNION SELECT 1 FROM draft_file UNION SELECT 1 FROM raw')).toEqual([]);
  });
});

describe('send_at', () => {
  it('says so in status and labels, and is taken back by null', async () => {
    await using node = await withTwo();
    const { body } = await create(node, { to: [BOB], labels: ['x'], send_at: '2026-01-28T00:00:00+01:00' });
    expect(body).toMatchObject({
      ...{ send_at: '2026-01-27T23:00:00.000Z', send_status: 'scheduled', labels: ['scheduled', 'x'] },
    });
    expect(await draftsOf(node, '?labels=scheduled')).toHaveLength(1);
    expect((await onDraft(node, 'PATCH', body.draft_id, { to: null })).status).toBe(400);
    const moved = await onDraft(node, 'PATCH', body.draft_id, { send_at: '2026-01-29T00:00:00Z' });
    expect(moved.body.send_at).toBe('2026-01-29T00:00:00.000Z');
    const unset = await onDraft(node, 'PATCH', body.draft_id, { send_at: null });
    expect(unset.body).not.toHaveProperty('send_at');
    expect(unset.body).not.toHaveProperty('send_status');
    expect(await draftsOf(node, '?labels=scheduled')).toEqual([]);
  });
});

describe('the key of an inbox', () => {
  it('finds the drafts of its own inbox, and those of another as what never was', async () => {
    await using node = await withTwo();
    const { body: key } = await node.v0('POST', `/inboxes/${BOB}/api-keys`, {});
    const asBob = { authorization: `Bearer ${key.api_key}` };
    const { draft_id: foreign } = (await create(node, { subject: 'Ann’s', attachments: [{ content: base64('x') }] }))
      .body;
    const own = await node.v0('POST', `/inboxes/${BOB}/drafts`, { subject: 'Bob’s' }, asBob);
    expect(own.status).toBe(200);
    const listed = await node.v0('GET', '/drafts', undefined, asBob);
    expect(listed.body.drafts.map(({ draft_id: id }: { draft_id: string }) => id)).toEqual([own.body.draft_id]);
    const never = '00000000-0000-4000-8000-000000000000';
    for (const [method, path] of [
      ['GET', (id: string) => `/drafts/${id}`],
      ['GET', (id: string) => `/drafts/${id}/attachments/1`],
      ['GET', (id: string) => `/inboxes/${BOB}/drafts/${id}`],
      ['PATCH', (id: string) => `/inboxes/${BOB}/drafts/${id}`],
      ['DELETE', (id: string) => `/inboxes/${BOB}/drafts/${id}`],
      ['POST', (id: string) => `/inboxes/${BOB}/drafts/${id}/send`],
      ['GET', (id: string) => `/inboxes/${ANN}/drafts/${id}`],
      ['POST', () => `/inboxes/${ANN}/drafts`],
    ] as const) {
      const body = method === 'PATCH' ? { text: 'x' } : method === 'POST' ? {} : undefined;
      const [there, nowhere] = [
        await node.v0(method, path(foreign), body, asBob),
        await node.v0(method, path(never), body, asBob),
      ];
      expect([method, path(foreign), there.status, there.body]).toEqual([method, path(foreign), 404, nowhere.body]);
    }
    expect((await node.v0('GET', `/drafts/${foreign}`)).status).toBe(200);
  });
});

describe('GET /metrics', () => {
  it('counts drafts by what they wait for', async () => {
    await using node = await withTwo();
    const sendAt = new Date(node.clock.wallMs() + 3_600_000).toISOString();
    for (const form of [{}, { labels: ['needs-approval'] }, { to: [BOB], send_at: sendAt }]) await create(node, form);
    const answer = await node.node.fetch(new Request('http://localhost/metrics', { headers: { host: 'localhost' } }));
    const told = (await answer.text()).split('\n').filter((line) => line.startsWith('mesh_mailbox_drafts{'));
    expect(told).toEqual(
      Object.entries({ open: 2, scheduled: 1, sending: 0, failed: 0 }).map(
        ([state, count]) => `mesh_mailbox_drafts{state="${state}"} ${count}`,
      ),
    );
    const reader = openForReading(node.directory);
    const plan = reader.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${COUNTED_DRAFTS}`).map(({ detail }) => detail);
    reader.close();
    expect(plan).toEqual(['SCAN draft USING COVERING INDEX draft_by_status']);
  });
});
