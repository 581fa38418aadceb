import { expect, it } from 'vitest';
import type { ImportQuestion } from '../../../../node/mailbox/mail-archive.ts';
import { type ArchiveServices, importedBy } from '../../../../node/mailbox/routes/archives.ts';

it('asks for the mails of an archive until they are all in, however long they take together', async () => {
  const asked: number[] = [];
  const ask = async (_: string, { from }: ImportQuestion) => {
    asked.push(from);
    const results = Array.from({ length: 20 }, (_, at) => ({ status: 'stored', messageId: `<${from + at}@y.com>` }));
    return { results, isWhole: from + 20 >= 60 };
  };
  const intake = { ask } as unknown as ArchiveServices['intake'];
  const results = await importedBy(intake, { inboxId: 'a@x.com', path: '/spool/one', isUnread: false });
  expect(asked).toEqual([0, 20, 40]);
  expect(results).toHaveLength(60);
  expect(results[59]).toEqual({ status: 'stored', messageId: '<59@y.com>' });
});
