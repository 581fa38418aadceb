// Step 36: what is deleted is deleted. By whatever way a mail came in, was looked at and went out, no file of the host has a word of it afterwards.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { HostProcess } from '../../../scripts/host-process.ts';
import { Client } from '../../support/live.ts';
import { mailOf, refusal } from '../../support/live-mailbox.ts';
import { idsIn, mailAt, type ProofSteps, WITHOUT_POSTFIX } from '../../support/proof-world.ts';
import { LIVE_MS_MAX } from '../../support/time-bounds.ts';

/** In no other text, and found as it stands, in another case, and with an octet of zero behind each. */
const WORD = 'Sesquipedalian';
const SPELLINGS = [WORD, WORD.toLowerCase(), WORD.toUpperCase(), WORD.slice(4)].flatMap((word) => [
  Buffer.from(word),
  Buffer.from(word, 'utf16le'),
  ...[0, 1, 2].map((skipped) => Buffer.from(Buffer.from(word.slice(skipped)).toString('base64').slice(0, 12))),
]);

/** Files below the host's directory that have the word. */
function filesWithWord({ dataDirectory }: HostProcess): readonly string[] {
  const names = readdirSync(dataDirectory, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => {
    const path = join(dataDirectory, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
    const octets = readFileSync(path);
    return SPELLINGS.some((spelling) => octets.includes(spelling));
  });
}

const large = (count: number) => Array.from({ length: count }, (_, line) => `${line} ${WORD} ${'x'.repeat(60)}`);

export const deletion: ProofSteps = (world) => {
  it.skipIf(WITHOUT_POSTFIX !== undefined)(
    '36 inboxes.delete: 404, no word of its mail is in any file, and another host can have the address',
    async () => {
      const { host, client, cloud, onCloud, send, byLmtp, postfix } = world();
      const { messages } = client.inboxes;
      const username = 'deleted';
      const { inboxId } = await client.inboxes.create({ username });
      const attachment = [
        ...[
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Type: text/html',
          '',
          `<p>${WORD}</p>`,
          '--b',
        ],
        ...[`Content-Type: text/plain; name=${WORD}.txt`, 'Content-Transfer-Encoding: base64', ''],
        ...[Buffer.from(large(2_000).join('\n')).toString('base64'), '--b--'],
      ];
      await send(inboxId, mailOf('<small@y.com>', WORD, '', WORD));
      await send(inboxId, mailOf('<large@y.com>', 'Large', '', ...large(2_000)));
      await send(inboxId, mailOf('<file@y.com>', 'File', ...attachment));
      await send(inboxId, mailOf('<spam@y.com>', WORD, '', WORD), ...byLmtp);
      await messages.update(inboxId, '<small@y.com>', { addLabels: [WORD] });
      expect((await messages.list(inboxId, { subject: [WORD] })).count).toBe(1);
      expect((await messages.search(inboxId, { q: WORD })).count).toBe(3);
      expect(filesWithWord(host).length).toBeGreaterThan(2);

      const files = [{ filename: `${WORD}.txt`, content: Buffer.from(large(2_000).join('\n')).toString('base64') }];
      const mail = { to: [inboxId], subject: WORD, text: WORD, attachments: files };
      await messages.delete(inboxId, (await messages.send(inboxId, mail)).messageId);
      await client.inboxes.drafts.create(inboxId, { ...mail, sendAt: new Date(Date.now() + 3_600_000) });
      await client.inboxes.lists.create(inboxId, 'receive', 'block', { entry: 'x.com', reason: WORD });
      const away = await messages.send(inboxId, { ...mail, to: `${WORD} <bob@mail.example.com>` });
      await mailAt(postfix, 'bob', away.messageId);
      await messages.delete(inboxId, away.messageId);
      const url = `http://127.0.0.1:9/${WORD}`;
      await client.inboxes.webhooks.create(inboxId, { url, eventTypes: ['message.received'] });

      for (const id of ['<small@y.com>', '<large@y.com>']) await messages.delete(inboxId, id);
      const left = await messages.list(inboxId, { includeUnauthenticated: true });
      expect(idsIn(left)).toEqual(['<spam@y.com>', '<file@y.com>']);
      await client.inboxes.delete(inboxId);
      expect(await refusal(client.inboxes.get(inboxId))).toEqual([404, 'not_found']);
      expect(await refusal(messages.get(inboxId, '<file@y.com>'))).toEqual([404, 'not_found']);
      await expect.poll(() => filesWithWord(host), { timeout: LIVE_MS_MAX }).toEqual([]);

      expect((await onCloud.inboxes.create({ username })).inboxId).toBe(inboxId);
      await using asking = new Client();
      expect(JSON.stringify((await asking.expect(host, 'GET', '/api/email/log')).body)).not.toContain(inboxId);
      const index = `/api/agents/email-index?address=${inboxId}`;
      expect((await asking.expect(cloud, 'GET', index)).body).toHaveProperty([inboxId, 'hostId'], 'cloud');
      expect((await asking.expect(host, 'GET', index)).body).toEqual({});
      await host.stop();
      const found = filesWithWord(host);
      await host.start();
      expect(found).toEqual([]);
    },
  );
};
