// An agent's framework that works on the mail of an inbox by MCP, through a real node.
import { join } from 'node:path';
import { Client as McpClient } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from 'vitest';
import { liveMailbox } from '../support/live-mailbox.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'node', 'main.ts');

describe('mesh mcp, where the node keeps inboxes', () => {
  it('makes an inbox, waits for mail, works on it and answers it', { timeout: LIVE_MS_MAX }, async () => {
    await using mailbox = await liveMailbox();
    const { client, host, apiKey } = mailbox;
    const { inboxId: asker } = await client.inboxes.create({ username: 'asker' });
    const mcp = new McpClient({ name: 'test', version: '1' });
    await mcp.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [MAIN, 'mcp', '--url', host.url, '--inbox', 'worker@agents.example.com'],
        env: { ...(process.env as Record<string, string>), MESH_INBOX_KEY: apiKey },
        stderr: 'ignore',
      }),
    );
    const use = async (name: string, args: Record<string, unknown> = {}) => {
      const { content, isError } = await mcp.callTool({ name, arguments: args });
      const { text } = (content as { text: string }[])[0] ?? { text: '' };
      return isError === true ? text : JSON.parse(text);
    };
    expect(await use('create_inbox', { username: 'worker' })).toMatchObject({ inbox_id: 'worker@agents.example.com' });
    const waiting = use('wait_for_message', { from: 'asker@' });
    await client.inboxes.messages.send(asker, {
      to: ['worker@agents.example.com'],
      subject: 'Add',
      text: 'What is 1 + 1?',
    });
    const { message } = await waiting;
    expect(message).toMatchObject({ subject: 'Add', labels: expect.arrayContaining(['unread']) });

    const claimed = await use('claim_message', { worker: 'me' });
    expect(claimed).toMatchObject({ attempt: 1, message: { message_id: message.message_id } });
    expect(await use('claim_message')).toEqual({});
    const { lease, work_key } = claimed;
    const mail = { message_id: message.message_id };
    const sent = await use('reply', { ...mail, text: '2', work_key });
    expect(await use('reply', { ...mail, text: '2', work_key }), 'one answer of one work').toEqual(sent);
    await use('release_message', { ...mail, lease });
    const again = await use('claim_message');
    expect(again).toMatchObject({ attempt: 2, work_key });
    expect(await use('complete_message', { ...mail, lease })).toContain('[race_condition]');
    expect(await use('complete_message', { ...mail, lease: again.lease })).toMatchObject({
      labels: expect.arrayContaining(['read']),
    });
    expect((await use('list_messages', { labels: ['unread'] })).count).toBe(0);
    expect((await use('get_message', mail)).text).toContain('What is 1 + 1?');

    const answers = async () => (await client.inboxes.messages.list(asker, { labels: ['unread'] })).messages;
    await expect
      .poll(async () => (await answers()).map(({ preview }) => preview), { timeout: LIVE_MS_MAX })
      .toEqual(['2']);
    const draft = await use('create_draft', {
      ...{ in_reply_to: message.message_id, text: 'Certainly 2', labels: ['needs-approval'] },
    });
    expect(draft).toMatchObject({ to: [asker], subject: 'Re: Add' });
    const drafts = await use('list_drafts', { labels: ['needs-approval'] });
    expect(drafts.drafts.map(({ draft_id: id }: { draft_id: string }) => id)).toEqual([draft.draft_id]);
    expect(await use('send_draft', { draft_id: draft.draft_id })).toMatchObject({ thread_id: message.thread_id });
    expect((await use('list_drafts')).count).toBe(0);
    const previews = async () => (await answers()).map(({ preview }) => preview).toSorted();
    await expect.poll(previews, { timeout: LIVE_MS_MAX }).toEqual(['2', 'Certainly 2']);
    await mcp.close();
  });
});
