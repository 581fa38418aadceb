// What surrounds sending: attachments uploaded beforehand, bounces that a gateway received, and who is not written to any more.
import type { Context, Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { type BounceReport, bounceReport } from '../../send/bounces/bounce-report.ts';
import { suppressionRequest } from '../../send/bounces/suppressions.ts';
import { ATTACHMENT_BYTES_MAX, BOUNCE_BYTES_MAX } from '../../send/limits.ts';
import { clientAddress } from '../client-address.ts';
import { statusForm } from '../email-form.ts';
import { joined, pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import type { EmailServices } from './email.ts';

export function emailListRoutes(app: Hono, { sending, places }: EmailServices): void {
  resource(app, '/api/email/blobs', {
    POST: async (c) => {
      sending.refuseUnconfigured();
      const client = clientAddress(c);
      // Piece by piece: an attachment never stands in memory whole.
      const stored = await places.read(c.req.raw, client, (octets) =>
        sending.putBlob(octets, { bytesMax: ATTACHMENT_BYTES_MAX, client }),
      );
      return c.json(stored, 201);
    },
  });
  resource(app, '/api/email/bounces', {
    POST: async (c) => {
      const { message, suppressed } = await sending.bounced(await readBounce(c, { sending, places }));
      return c.json({ ...statusForm(message), suppressed });
    },
  });
  resource(app, '/api/email/suppressions', {
    GET: (c) => {
      const { entries, nextCursor } = sending.suppressions.list(readPage(c));
      return c.json({ suppressions: entries, ...(nextCursor === undefined ? {} : { nextCursor }) });
    },
    POST: async (c) => c.json(await sending.suppressions.add(await readJson(c, suppressionRequest)), 201),
  });
  resource(app, '/api/email/suppressions/:address', {
    DELETE: async (c) => {
      await sending.suppressions.remove(pathSegment(c, 'address'));
      return c.json({ success: true });
    },
  });
}

/** A delivery status notification as it was received (`message/rfc822`), or what a gateway made of one (JSON). */
async function readBounce(
  c: Context,
  { sending, places }: Pick<EmailServices, 'sending' | 'places'>,
): Promise<BounceReport> {
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
