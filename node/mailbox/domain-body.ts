// A domain as clients read it, in the members of AgentMail.
import type { Domain, HostRecords } from './domain.ts';
import { recordsOf } from './domain-records.ts';
import { timeText } from './mail-bodies.ts';

/** A domain, and what this host is in the DNS, of which its records are made. */
export interface ShownDomain {
  readonly domain: Domain;
  readonly host: HostRecords;
}

/** Why a domain is not right; absent: it is, or somebody is looking. */
const REASONS: Readonly<Partial<Record<Domain['status'], string>>> = {
  NOT_STARTED: 'dns_records_missing',
  PENDING: 'dns_records_missing',
  INVALID: 'dns_records_invalid',
  FAILED: 'dns_records_invalid',
};

/** The reason where all records are right, and another on this host has the name. */
const HELD = 'verified_by_another';

/** One of a list. */
export function domainItemBody(domain: Domain) {
  const { name, podId, isFeedbackEnabled, areSubdomainsEnabled, isTrackingEnabled } = domain;
  return {
    ...{ pod_id: podId, domain_id: name, domain: name, feedback_enabled: isFeedbackEnabled },
    ...{ subdomains_enabled: areSubdomainsEnabled, tracking_enabled: isTrackingEnabled },
    ...{ updated_at: timeText(domain.updatedAtMs), created_at: timeText(domain.createdAtMs) },
  };
}

export function domainBody({ domain, host }: ShownDomain) {
  const { updated_at, created_at, ...item } = domainItemBody(domain);
  const records = recordsOf(domain, host);
  const isHeld = domain.status === 'PENDING' && records.every(({ found }) => found.status === 'VALID');
  return {
    ...{ ...item, status: domain.status, reason: isHeld ? HELD : REASONS[domain.status] },
    records: records.map(({ type, name, value, priority, found }) => ({
      ...{ type, name, value, status: found.status, priority, reason: found.reason },
    })),
    ...{ updated_at, created_at },
  };
}
