import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { send, withTitania } from '../../support/mail-routes.ts';
import { notSent } from '../../support/mail-world.ts';

describe('DELETE /api/email/:id/attachments', () => {
  it('lets go of what a failed mail holds, at once, and of nothing that waits', async () => {
    const world = await withTitania();
    world.script = () => notSent('message_refused', 'permanent', 'message');
    const attachments = [{ filename: 'a.txt', content: 'aGVsbG8=' }];
    const { email_id } = (await send(world, { wait: true, attachments })).body as { email_id: string };
    const path = `/api/email/${email_id}/attachments`;
    expect(await world.ask('DELETE', path)).toMatchObject({
      status: 200,
      body: { email_id, state: 'failed', message: expect.stringContaining('let go of') },
    });
    expect((await world.ask('POST', `/api/email/${email_id}/resend`)).status).toBe(409);
    const blob = createHash('sha256').update('hello').digest('hex');
    expect(await send(world, { attachments: [{ filename: 'a.txt', blob }] })).toMatchObject({
      status: 400,
      body: { field: 'attachments[0].blob' },
    });
    const sendAt = new Date(world.clock.wallMs() + 3_600_000).toISOString();
    const waiting = (await send(world, { sendAt, attachments })).body as { email_id: string };
    expect((await world.ask('DELETE', `/api/email/${waiting.email_id}/attachments`)).status).toBe(409);
    expect((await world.ask('DELETE', '/api/email/nothing/attachments')).status).toBe(404);
  });
});

describe('blobs', () => {
  it('are uploaded once and attached by their hash', async () => {
    const world = await withTitania();
    const answer = await world.node.fetch(
      new Request('http://localhost/api/email/blobs', {
        method: 'POST',
        body: 'hello',
        headers: { host: 'localhost' },
      }),
    );
    const { blob, bytes } = (await answer.json()) as { blob: string; bytes: number };
    expect([answer.status, bytes]).toEqual([201, 5]);
    await send(world, {
      wait: true,
      attachments: [
        { filename: 'a.txt', blob },
        { filename: 'b.txt', content: 'aGVsbG8=' },
      ],
    });
    expect(
      world.shipped[0]?.content.attachments.map((part) => [part.filename, part.blob === blob, part.bytes]),
    ).toEqual([
      ['a.txt', true, 5],
      ['b.txt', true, 5],
    ]);
  });
});
