// Domains that somebody brings for inboxes: of the organization, or of one pod.
import type { Context } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import type { Domain } from '../domain.ts';
import { domainBody, domainItemBody } from '../domain-body.ts';
import { noSuch } from '../errors.ts';
import { callerOf, refuseInboxKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import type { Listed } from '../list.ts';
import type { DomainMeant, Domains } from '../org/domains.ts';
import { levelOf, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 16 * 1_024;

const flags = {
  feedback_enabled: z.boolean().optional(),
  subdomains_enabled: z.boolean().optional(),
  tracking_enabled: z.boolean().optional(),
};
const creation = z.strictObject({
  domain: z.string().min(1).max(253),
  allow_conflicting_provider: z.boolean().optional(),
  ...flags,
});
const change = z
  .strictObject(flags)
  .refine((form) => Object.values(form).some((value) => value !== undefined), 'must have one of its members');
const listParameters = z.strictObject(PAGE_PARAMETERS);

export function domainRoutes(routes: Routes, domains: Domains): void {
  routes.below(['organization', 'pod'], '/domains', (at) => {
    listRoutes(at, domains);
    oneDomainRoutes(at, domains);
    dnsRoutes(at, domains);
  });

  routes.add('GET', '/v0/domains/:domain_id/setup-link', 'domain_read', async (c) => {
    refuseAbove(c);
    await domains.get(meantBy(c, callerOf(c)));
    return c.json({ supported: false });
  });
}

const meantBy = (c: Context, { podId }: Scope): DomainMeant => ({ name: pathSegment(c, 'domain_id'), podId });

function listRoutes({ add }: ScopedRoutes, domains: Domains): void {
  add('GET', '', 'domain_read', async (c, scope) => {
    const { limit, page_token, ascending } = readParameters(c, listParameters);
    const asked = ['domains', scope.podId ?? null, ascending];
    const place = placeOf(page_token, asked);
    const all = isAboveCaller(c) ? [] : await domains.list(scope.podId);
    const listed = pageOf(ascending ? all.toReversed() : all, limit, place?.row);
    return c.json({ ...pageBody(limit, listed, asked), domains: listed.items.map(domainItemBody) });
  });

  add('POST', '', 'domain_create', async (c, { podId }) => {
    refuseInboxKey(c, 'A new domain');
    const form = await readForm(c, creation, FORM_BYTES_MAX);
    const domain = await domains.add({
      ...{ name: form.domain, podId, mayGoElsewhere: form.allow_conflicting_provider ?? false },
      isFeedbackEnabled: form.feedback_enabled ?? true,
      areSubdomainsEnabled: form.subdomains_enabled ?? false,
      isTrackingEnabled: form.tracking_enabled ?? false,
    });
    return c.json(domainBody(domains.shown(domain)));
  });
}

function oneDomainRoutes({ add }: ScopedRoutes, domains: Domains): void {
  add('GET', '/:domain_id', 'domain_read', async (c, scope) => {
    refuseAbove(c);
    return c.json(domainBody(domains.shown(await domains.get(meantBy(c, scope)))));
  });

  add('PATCH', '/:domain_id', 'domain_update', async (c, scope) => {
    refuseAbove(c);
    const form = await readForm(c, change, FORM_BYTES_MAX);
    const domain = await domains.change(meantBy(c, scope), {
      ...{ isFeedbackEnabled: form.feedback_enabled, areSubdomainsEnabled: form.subdomains_enabled },
      isTrackingEnabled: form.tracking_enabled,
    });
    return c.json(domainBody(domains.shown(domain)));
  });

  add('DELETE', '/:domain_id', 'domain_delete', async (c, scope) => {
    refuseAbove(c);
    await domains.remove(meantBy(c, scope));
    return c.body(null, 204);
  });
}

function dnsRoutes({ add }: ScopedRoutes, domains: Domains): void {
  add('POST', '/:domain_id/verify', 'domain_update', async (c, scope) => {
    refuseAbove(c);
    await domains.verify(meantBy(c, scope));
    return c.body(null, 204);
  });

  add('GET', '/:domain_id/zone-file', 'domain_read', async (c, scope) => {
    refuseAbove(c);
    const domain = await domains.get(meantBy(c, scope));
    const shownAs = { 'Content-Disposition': `attachment; filename="${domain.name}.zone"` };
    return c.text(domains.zoneFile(domain), 200, shownAs);
  });
}

/** The domains of a pod are above the key of an inbox in it. */
function isAboveCaller(c: Context): boolean {
  return levelOf(callerOf(c)) === 'inbox';
}

/** Throws `not_found`. */
function refuseAbove(c: Context): void {
  if (isAboveCaller(c)) throw noSuch('domain');
}

/** There are few, so a place is a number of those that were shown. */
function pageOf(all: readonly Domain[], limit: number, from = 0): Listed<Domain> {
  const [items, end] = [all.slice(from, from + limit), from + limit];
  return end < all.length ? { items, next: { atMs: 0, row: end } } : { items };
}
