// Which of the domains that were brought an address is in, and what follows from that.
import { domainToASCII } from 'node:url';
import { Secret } from '../../secret.ts';
import type { DkimKey } from '../../send/account.ts';
import { covers, type Domain } from '../domain.ts';
import { linkName } from '../domain-records.ts';

/** Who wants to make an inbox in a domain. */
export interface DomainUse {
  readonly domain: string;
  /** Where it is made; absent: in the default pod. */
  readonly podId: string | undefined;
  /** Whether it is made by the key of that pod, to which only what the pod has brought is open. */
  readonly isOfPod: boolean;
}

/** The domain that a name means where several have brought it: the organization's own, the one that was right, or the first. */
export function namedBy(all: readonly Domain[], name: string, podId: string | undefined): Domain | undefined {
  const named = all.filter((domain) => domain.name === name && (podId === undefined || domain.podId === podId));
  const own = podId === undefined ? named.find((domain) => domain.podId === undefined) : undefined;
  return own ?? named.toSorted(byRight)[0];
}

function byRight(one: Domain, other: Domain): number {
  const wasRight = ({ verifiedAtMs }: Domain) => Number(verifiedAtMs !== undefined);
  return wasRight(other) - wasRight(one) || one.createdAtMs - other.createdAtMs;
}

/** Whether an address is in a domain that was found right for another pod than the one of its inbox; the organization's are open to all. */
export function isForeign(all: readonly Domain[], inboxId: string, podId: string): boolean {
  const domain = inboxId.slice(inboxId.lastIndexOf('@') + 1);
  const owner = closest(all, domain, ({ verifiedAtMs }) => verifiedAtMs !== undefined)?.podId;
  return owner !== undefined && owner !== podId;
}

/** The domain, or the one that has it among its subdomains, whose owner decides; of several the one that is closest. */
export function closest(
  all: readonly Domain[],
  text: string,
  isRight: (domain: Domain) => boolean,
): Domain | undefined {
  const domain = domainToASCII(text);
  const found = all.filter((one) => isRight(one) && covers(one, domain));
  return found.toSorted((one, other) => other.name.length - one.name.length || byRight(one, other))[0];
}

/** What signs mail from a domain; `undefined`: nothing, or nobody could find its key in the DNS. */
export function signerFor(all: readonly Domain[], domain: string): DkimKey | undefined {
  const isPublished = ({ found, key }: Domain) => found.dkim?.status === 'VALID' && key.privateKey !== '';
  const signer = closest(all, domain, isPublished);
  if (signer === undefined) return undefined;
  const { selector, privateKey } = signer.key;
  return { domain: signer.name, selector, privateKey: new Secret(privateKey) };
}

/** `publicUrl`, or the same at a name of the inbox's domain where that has one. */
export function linkUrlFor(all: readonly Domain[], inboxId: string, publicUrl: string): string {
  const isPublished = ({ isTrackingEnabled, found }: Domain) => isTrackingEnabled && found.tracking?.status === 'VALID';
  const found = closest(all, inboxId.slice(inboxId.lastIndexOf('@') + 1), isPublished);
  return found === undefined ? publicUrl : publicUrl.replace(new URL(publicUrl).hostname, linkName(found.name));
}
