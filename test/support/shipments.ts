// Shipments by the mailer to servers on loopback, and what comes of them.
import { Readable } from 'node:stream';
import { socketBy } from '../../node/dns/named-socket.ts';
import { Secret } from '../../node/secret.ts';
import type { Account } from '../../node/send/account.ts';
import type { ShipmentOutcome } from '../../node/send/mailer.ts';
import type { MessageContent } from '../../node/send/message.ts';
import { SmtpMailer } from '../../node/send/smtp/smtp-mailer.ts';
import { systemClock } from '../../node/system/clock.ts';
import { account, content } from './mail.ts';
import { type Place, RawSmtp, type RawSmtpOptions, type Step } from './raw-smtp.ts';
import { RecordingLog } from './recording-log.ts';
import { systemAddresses } from './system-names.ts';

export const BOB = 'bob@mail.example.com';

/** How a message can be said: in as few writes as there can be, by the library ahead of the replies, and by it in steps. */
export const WAYS: readonly (readonly [way: string, server: RawSmtpOptions, content: Partial<MessageContent>])[] = [
  ['at once', {}, {}],
  ['by the library', {}, { html: '<p>x</p>' }],
  ['in steps', { extensions: ['8BITMIME', 'SMTPUTF8'] }, {}],
];

export interface Shipped {
  readonly outcome: ShipmentOutcome;
  readonly begun: boolean;
}

export async function ship(
  server: RawSmtp,
  parts: {
    readonly account?: Partial<Account>;
    readonly content?: Partial<MessageContent>;
    readonly to?: readonly string[];
    readonly begin?: () => Promise<void>;
  } = {},
  mailer = createMailer(),
): Promise<Shipped> {
  let begun = false;
  const outcome = await mailer.ship(
    {
      account: account({ port: server.port, ...parts.account }),
      content: content(parts.content),
      date: '2026-01-27T12:00:00.000Z',
      recipients: parts.to ?? [BOB],
      begin: () => {
        begun = true;
        return parts.begin?.() ?? Promise.resolve();
      },
    },
    new AbortController().signal,
  );
  return { outcome, begun };
}

export function createMailer(parts: Partial<ConstructorParameters<typeof SmtpMailer>[0]> = {}): SmtpMailer {
  return new SmtpMailer({
    clock: systemClock,
    log: new RecordingLog(),
    open: () => Readable.from([Buffer.from('x')]),
    secretOf: ({ auth }) => Promise.resolve(auth?.kind === 'password' ? auth.password : new Secret('token')),
    secretRefused: () => undefined,
    socketTo: (name) => socketBy(systemAddresses.lookup, name),
    name: 'client.example.com',
    ...parts,
  });
}

/** What the outcome says in short. */
export function short({ outcome }: Shipped): string {
  if (outcome.kind === 'answered') return outcome.answers.map(({ verdict, code }) => `${verdict} ${code}`).join(', ');
  return outcome.kind === 'unknown' ? 'unknown' : [outcome.error, outcome.class, outcome.scope].join(' ');
}

export async function at(
  place: Place,
  step: Step,
  options: RawSmtpOptions = {},
  parts: Partial<MessageContent> = {},
): Promise<{ shipped: Shipped; server: RawSmtp }> {
  await using server = await RawSmtp.start({ ...options, steps: { [place]: step } });
  return { shipped: await ship(server, { content: parts }), server };
}
