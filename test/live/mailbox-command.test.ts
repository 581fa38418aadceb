// `mesh mailbox …` as a person and a script type it, against a real node: keys, and the mail of an inbox as files that other programs read.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { MAIN } from '../../scripts/host-process.ts';
import { type LiveMailbox, liveMailbox } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

/** Runs the command with the key of the node, unless `more` says otherwise. */
async function mesh(
  at: LiveMailbox,
  words: readonly string[],
  more: NodeJS.ProcessEnv = { MESH_INBOX_KEY: at.apiKey },
) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, MESH_URL: at.host.url, ...more };
  const child = spawn(process.execPath, [MAIN, 'mailbox', ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
}

/** A node with two inboxes, the first of which has two mails, one of them in the trash. */
async function world() {
  const at = await liveMailbox();
  const { client } = at;
  const [{ inboxId }, { inboxId: other }] = [
    await client.inboxes.create({ username: 'ann' }),
    await client.inboxes.create({ username: 'bob' }),
  ];
  await client.inboxes.messages.send(other, { to: inboxId, subject: 'One', text: 'From here\n.' });
  const { messageId } = await client.inboxes.messages.send(other, {
    to: inboxId,
    subject: 'Two',
    text: 'x'.repeat(100_000),
  });
  await client.inboxes.messages.update(inboxId, messageId, { addLabels: ['trash', 'schön'], removeLabels: ['unread'] });
  const all = async (id: string) => {
    const { messages } = await client.inboxes.messages.list(id, { includeTrash: true, ascending: true });
    return messages.map(({ subject, labels, timestamp, size }) => ({ subject, labels, timestamp, size }));
  };
  return { at, inboxId, other, all };
}

describe('mesh mailbox', { timeout: LIVE_MS_MAX }, () => {
  it('lists inboxes, and makes, lists and ends keys', async () => {
    const { at, inboxId } = await world();
    await using _ = at;
    expect((await mesh(at, ['inboxes'])).out).toContain(inboxId);
    const made = await mesh(at, ['key', 'create', '--name', 'worker', '--inbox', inboxId, '--json']);
    const { api_key: key, api_key_id: id } = JSON.parse(made.out) as { api_key: string; api_key_id: string };
    const listed = await mesh(at, ['key', 'list']);
    expect(listed.out).toMatch(new RegExp(`worker +${inboxId} +never`));
    expect(listed.out).not.toContain(key);
    expect((await mesh(at, ['inboxes', '--json'], { MESH_INBOX_KEY: key })).out).toContain(inboxId);
    await at.client.inboxes.lists.create(inboxId, 'send', 'block', { entry: 'jane@example.com' });
    const unblocked = await mesh(at, ['unblock', inboxId, 'jane@example.com']);
    expect([unblocked.out.trim(), unblocked.code]).toEqual([`${inboxId} may write to jane@example.com again.`, 0]);
    expect(await mesh(at, ['unblock', inboxId, 'jane@example.com'])).toMatchObject({ code: 1, out: '' });
    const kept = await mesh(at, ['settings', inboxId, '--retention', '90', '--dmarc', 'reject', '--json']);
    expect(JSON.parse(kept.out)).toMatchObject({ inbox_id: inboxId, retention_days: 90, dmarc: 'reject' });
    await mesh(at, ['settings', inboxId, '--retention', 'host']);
    expect((await mesh(at, ['settings', inboxId])).out).toMatch(/retention days +for good/);
    expect(await mesh(at, ['settings', inboxId, '--quota', 'much'])).toMatchObject({ code: 1, out: '' });
    const { podId } = await at.client.pods.create({ name: 'acme' });
    const ofPod = await mesh(at, ['key', 'create', '--name', 'customer', '--pod', podId, '--json']);
    expect(JSON.parse(ofPod.out)).toMatchObject({ pod_id: podId });
    expect((await mesh(at, ['key', 'list'])).out).toMatch(new RegExp(`customer +pod ${podId} +never`));
    expect((await mesh(at, ['key', 'revoke', id])).code).toBe(0);
    expect(await mesh(at, ['inboxes'], { MESH_INBOX_KEY: key })).toMatchObject({
      code: 1,
      err: expect.stringContaining('unknown_api_key'),
    });
    writeFileSync(join(at.host.dataDirectory, 'mesh.env'), `MESH_URL=${at.host.url}\n`, { mode: 0o600 });
    const here = { MESH_DATA: at.host.dataDirectory };
    expect((await mesh(at, ['inboxes'], here)).out, 'the key of this data directory').toContain(inboxId);
    const elsewhere = await mesh(at, ['inboxes', '--url', at.host.url.replace('127.0.0.1', 'localhost')], here);
    expect(elsewhere, 'which is shown to its own node alone').toMatchObject({
      code: 1,
      err: expect.stringContaining('missing_authorization'),
    });
  });

  it('takes the mail of an inbox out as a file, which is put into another one, once', async () => {
    const { at, inboxId, other, all } = await world();
    await using _ = at;
    const file = join(at.mesh.directory, 'ann.mbox');
    expect(await mesh(at, ['export', inboxId, '--to', file])).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 mails'),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await mesh(at, ['export', inboxId, '--to', file]);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is there') });
    const { inboxId: moved } = await at.client.inboxes.create({ username: 'moved' });
    const put = await mesh(at, ['import', moved, file, '--json']);
    expect(JSON.parse(put.out)).toMatchObject({ stored: 2, duplicate: 0, refused: 0 });
    expect(await all(moved)).toEqual(await all(inboxId));
    expect((await mesh(at, ['stats', inboxId])).out, 'what is put in is no news').toMatch(/^received +2$/m);
    expect(JSON.parse((await mesh(at, ['stats', '--json'])).out)).toMatchObject({ sent: 2, received: 2 });
    expect((await mesh(at, ['import', moved, file])).out).toContain('0 mails more; 2 were there already');
    expect((await at.client.inboxes.messages.list(other)).count, 'nobody else got any').toBe(2);
    writeFileSync(join(at.mesh.directory, 'none'), 'Hello\n');
    expect(await mesh(at, ['import', moved, join(at.mesh.directory, 'none')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no mbox file'),
    });
    expect((await mesh(at, ['export', 'nobody@agents.example.com', '--to', `${file}2`])).code).toBe(1);
    expect(readdirSync(at.mesh.directory).filter((name) => name.startsWith('ann.mbox2'))).toEqual([]);
  });

  it('takes it out as a Maildir, whose folders and flags say what a mail program knows', async () => {
    const { at, inboxId, other } = await world();
    await using _ = at;
    const directory = join(at.mesh.directory, 'maildir');
    expect((await mesh(at, ['export', inboxId, '--to', directory, '--format', 'maildir'])).code).toBe(0);
    const [unread = ''] = readdirSync(join(directory, 'cur'));
    const [trashed = ''] = readdirSync(join(directory, '.Trash', 'cur'));
    expect([unread, trashed]).toEqual([
      expect.stringMatching(/^\d+\.M1\..+,S=\d+:2,$/),
      expect.stringMatching(/:2,ST$/),
    ]);
    const read = readFileSync(join(directory, 'cur', unread), 'latin1');
    expect(read).toContain('\n\nFrom here\n.\n');
    expect(read).not.toContain('\r');
    expect(`,S=${read.length}:`).toBe(/,S=\d+:/.exec(unread)?.[0]);
    const sent = join(at.mesh.directory, 'sent');
    await mesh(at, ['export', other, '--to', sent, '--format', 'maildir']);
    expect(readdirSync(join(sent, '.Sent', 'cur'))).toHaveLength(2);
  });
});
