import { describe, expect, it } from 'vitest';
import { type Recipient, refusalOf } from '../../../../node/mailbox/intake/recipient-answer.ts';
import type { Standing } from '../../../../node/mailbox/recipient-question.ts';

const INBOX: Recipient = { address: 'a@x.com', hasInbox: true, isServed: true };
const NO_INBOX: Recipient = { address: 'c@x.com', hasInbox: false, isServed: true };
const FOREIGN: Recipient = { address: 'c@z.com', hasInbox: false, isServed: false };
const CLOUD: Standing = { kind: 'elsewhere', hostId: 'cloud' };

describe('a recipient', () => {
  it.each<[Standing, Recipient, code: number, text: string]>([
    [CLOUD, NO_INBOX, 451, "4.3.5 mailbox is on host 'cloud'"],
    [CLOUD, FOREIGN, 451, "4.3.5 mailbox is on host 'cloud'"],
    [CLOUD, INBOX, 451, "4.3.5 mailbox is on host 'cloud'"],
    [{ kind: 'conflicted' }, INBOX, 451, '4.3.5 Two hosts have a@x.com, which an operator must decide; try again.'],
    [{ kind: 'unknown' }, NO_INBOX, 451, '4.4.3 Nobody can say now whose c@x.com is; try again.'],
    [{ kind: 'unknown' }, INBOX, 451, '4.4.3 Nobody can say now whose a@x.com is; try again.'],
    [{ kind: 'disabled' }, INBOX, 550, '5.2.1 The inbox a@x.com takes no mail.'],
    [{ kind: 'disabled' }, NO_INBOX, 550, '5.1.1 There is no inbox c@x.com here.'],
    [{ kind: 'held' }, NO_INBOX, 550, '5.1.1 There is no inbox c@x.com here.'],
    [{ kind: 'nobodys' }, INBOX, 550, '5.2.1 The inbox a@x.com takes no mail.'],
    [{ kind: 'nobodys' }, NO_INBOX, 550, '5.1.1 There is no inbox c@x.com here.'],
    [
      ...([{ kind: 'nobodys' }, FOREIGN, 550] as const),
      '5.7.1 This host has no inboxes in the domain of c@z.com, and passes nothing on.',
    ],
  ])('whose address is %o, of %o, is answered %i %s', (standing, recipient, responseCode, message) => {
    expect(refusalOf(recipient, standing)).toMatchObject({ responseCode, message });
  });

  it('with an inbox, whose address is held here, gets mail', () => {
    expect(refusalOf(INBOX, { kind: 'held' })).toBeUndefined();
  });
});
