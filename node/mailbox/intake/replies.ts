// What a session is told when something is refused: the code that decides whether the other side tries again (RFC 5321 §4.2), the code that
// says why (RFC 3463), and a sentence for the person who finds it in a log.

/** An error, because smtp-server takes its replies so. */
export class Reply extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

const reply = (code: number, text: string) => () => new Reply(code, text);
const about = (code: number, text: (address: string) => string) => (address: string) =>
  new Reply(code, text(address.slice(0, 320)));

/** Everybody may expect a postmaster where mail is taken, so that whoever runs the host is told. */
const TO_HAVE_ONE = ': whoever runs this host should create an inbox with the username postmaster in that domain.';

/** Whether an address is that of a postmaster, with or without a domain, in any letters (RFC 5321 §4.5.1). */
export function isPostmaster(address: string): boolean {
  return /^postmaster(?:@|$)/i.test(address);
}

export const replies = {
  noInbox: about(
    550,
    (address) => `5.1.1 There is no inbox ${address} here${isPostmaster(address) ? TO_HAVE_ONE : '.'}`,
  ),
  noPostmaster: reply(
    550,
    '5.1.1 This host has no domain of its own for inboxes: write to postmaster@ one of those that it serves.',
  ),
  noRelay: about(
    550,
    (address) => `5.7.1 This host has no inboxes in the domain of ${address}, and passes nothing on.`,
  ),
  elsewhere: about(451, (hostId) => `4.3.5 mailbox is on host '${hostId}'`),
  conflicted: about(451, (address) => `4.3.5 Two hosts have ${address}, which an operator must decide; try again.`),
  unknown: about(451, (address) => `4.4.3 Nobody can say now whose ${address} is; try again.`),
  disabled: about(550, (address) => `5.2.1 The inbox ${address} takes no mail.`),
  notYet: about(451, (address) => `4.2.1 The inbox ${address} is being made; try again.`),
  tooMuchFor: about(452, (address) => `4.2.2 The inbox ${address} has had its mail for today; try again tomorrow.`),
  mailboxFull: about(452, (address) => `4.2.2 The inbox ${address} is full; try again when it has room.`),
  tooFast: reply(452, '4.7.1 This machine sends more than 100 mails a minute; try again in a minute.'),
  tooManyConnections: reply(421, '4.7.0 This machine has 10 connections already; use them.'),
  notForYou: reply(554, '5.7.1 This host takes mail by LMTP from its own gateways alone.'),
  tooManyRefusals: reply(421, '4.7.0 Too many recipients were refused.'),
  diskFull: reply(452, '4.3.1 The disk of this host is full; try again later.'),
  tooLarge: reply(552, '5.3.4 The mail is larger than 25 MiB.'),
  unknownSender: reply(451, '4.4.3 The DNS does not tell now who sent this; try again.'),
  forged: reply(550, '5.7.26 The domain of its From wants mail refused that DMARC does not pass (p=reject).'),
  looping: reply(554, '5.4.6 The mail goes in circles: it was here before.'),
  gone: reply(550, '5.2.1 The inbox has just been deleted.'),
  oneGone: reply(451, '4.2.1 One of its inboxes has just been deleted; try again, for the others.'),
  failed: reply(451, '4.3.0 The mail could not be kept; try again.'),
} as const;
