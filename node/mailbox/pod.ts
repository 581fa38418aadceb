// A pod: inboxes that are kept apart from all others, as those of one customer. The default one has every inbox that was put into no other.

/** Pods of one host, the default one among them. */
export const PODS_MAX = 1_000;
/** Characters of the part of a domain that a pod has for itself (RFC 1035 §2.3.4 allows 63). */
const SLUG_CHARACTERS_MAX = 40;

export interface Pod {
  readonly podId: string;
  readonly name: string;
  readonly clientId?: string | undefined;
  /** What its domain begins with, in front of the host's; absent: it is the default pod, whose domain is the host's. */
  readonly slug?: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface NewPod extends Pick<Pod, 'podId' | 'name' | 'clientId'> {
  readonly atMs: number;
}

/** `known`: one was made with that client id before. `full`: there are `PODS_MAX`. */
export type AddedPod = { readonly outcome: 'made' | 'known'; readonly pod: Pod } | { readonly outcome: 'full' };

/** `used`: there are inboxes in it. `domains`: it has brought some. `default`: it is the one that every host has. */
export type RemovedPod = 'removed' | 'gone' | 'used' | 'domains' | 'default';

/** What a pod's own part of the domain is made of: the first of the texts that has a letter or a digit (RFC 952), with or without a mark. */
export function slugFor(texts: readonly (string | undefined)[]): string {
  for (const text of texts) {
    const words = plain(text ?? '').match(/[a-z0-9]+/g) ?? [];
    const slug = words.join('-').slice(0, SLUG_CHARACTERS_MAX).replace(/-$/, '');
    if (slug !== '') return slug;
  }
  return 'pod';
}

/** Small letters without their marks; by way of the capital ones, as ß is then two letters. */
function plain(text: string): string {
  return text.toUpperCase().normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

/** The domain of inboxes that are made in a pod without one. */
export function podDomain({ slug }: Pick<Pod, 'slug'>, domain: string | undefined): string | undefined {
  return slug === undefined || domain === undefined ? domain : `${slug}.${domain}`;
}

/** Whether inboxes of this host may be in a domain (lower case): that of the host, or of one of its pods. */
export function servesDomain(name: string, domain: string | undefined, isSlug: (slug: string) => boolean): boolean {
  if (domain === undefined || name === domain) return name === domain;
  return name.endsWith(`.${domain}`) && isSlug(name.slice(0, -domain.length - 1));
}
