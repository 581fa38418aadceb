// `/api/email/bounces`: mail that came back, as a gateway received it.
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { BOUNCE_BYTES_MAX } from '../../send/bounces/bounce-parser.ts';
import { type BounceReport, bounceReport } from '../../send/bounces/bounce-report.ts';
import { clientAddress } from '../client-address.ts';
import { statusForm } from '../email-form.ts';
import { joined, readJson } from '../input.ts';
import { resource } from '../methods.ts';
import type { EmailServices } from './email.ts';

type BounceServices = Pick<EmailServices, 'sending' | 'places'>;

export function bounceRoutes(app: Hono, services: BounceServices): void {
  resource(app, '/api/email/bounces', {
    POST: async (c) => {
      const { message, suppressed } = await services.sending.bounced(await readBounce(c, services));
      return c.json({ ...statusForm(message), suppressed });
    },
  });
}

/** A delivery status notification as it was received (`message/rfc822`), or what a gateway made of one (JSON). */
async function readBounce(c: Context, { sending, places }: BounceServices): Promise<BounceReport> {
  if (/json\s*(?:;|$)/i.test(c.req.header('content-type') ?? '')) return readJson(c, bounceReport);
  const bounce = await sending.readBounce(
    await places.read(c.req.raw, clientAddress(c), (octets) => joined(octets, BOUNCE_BYTES_MAX)),
  );
  if (bounce !== undefined) return bounce;
  throw new MeshError(
    'invalid_request',
    'The body is no delivery status notification (RFC 3464), nor a bounce of qmail or Exim. Post it as it was received, with Content-Type: message/rfc822, or as JSON {"messageId", "recipients":[{"address","status"}]}.',
  );
}
