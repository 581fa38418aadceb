// What a send would do, without doing it: as whom, through which account and why, to whom, and when. Nothing is sent or stored.
import type { Clock } from '../../mesh/ports.ts';
import type { DkimFor, SendConfig } from './account.ts';
import type { Accounts } from './accounts/accounts.ts';
import type { Suppressions } from './bounces/suppressions.ts';
import { recipientsOf } from './request/content.ts';
import type { Prepared } from './request/sending-agent.ts';
import { envelopeAddress } from './smtp/composer.ts';
import { signerOf } from './smtp/smtp-mailer.ts';

interface ExplanationParts {
  readonly config: SendConfig;
  readonly dkimFor?: DkimFor | undefined;
  readonly accounts: Pick<Accounts, 'consider' | 'choose'>;
  readonly suppressions: Suppressions;
  readonly clock: Clock;
}

/** What `POST /api/email/explain` answers: times are ISO 8601, UTC. */
export function explanationOf(
  { request, agent, from }: Prepared,
  { config, dkimFor, accounts, suppressions, clock }: ExplanationParts,
): Readonly<Record<string, unknown>> {
  const nowMs = clock.wallMs();
  const considered = accounts.consider({ from: from.address });
  const chosen = config.accounts.find(({ id }) => considered.find((one) => one.id === id)?.usable);
  const recipients = recipientsOf(request).map(({ address, kind }) => {
    const against = suppressions.against(address);
    const envelope = envelopeAddress(address);
    return {
      address,
      kind,
      envelope: envelope.address,
      smtputf8: envelope.smtputf8,
      ...(against === undefined ? {} : { suppressed: against }),
    };
  });
  const recipientsLeft = recipients.map(({ address, kind }) => ({ address, kind, state: 'pending' as const }));
  const choice = accounts.choose({ agentId: agent.id, from: from.address, recipients: recipientsLeft }, new Set());
  const freeMs = choice.kind === 'wait' ? nowMs + choice.waitMs : nowMs;
  return {
    from,
    agent: { id: agent.id, name: agent.name },
    account: chosen?.id ?? null,
    accounts: considered,
    ...(chosen === undefined
      ? {}
      : { security: chosen.security, signedBy: signerOf(from.address, chosen, dkimFor)?.domain ?? null }),
    recipients,
    smtputf8: envelopeAddress(from.address).smtputf8 || recipients.some(({ smtputf8 }) => smtputf8),
    sendAt: new Date(Math.max(nowMs, request.sendAtMs ?? 0, freeMs)).toISOString(),
    expiresAt: new Date(
      Math.max(nowMs, request.sendAtMs ?? 0) + (request.lifetimeMs ?? config.lifetimeMs),
    ).toISOString(),
    attachments: request.attachments,
    headers: Object.fromEntries(request.headers),
  };
}
