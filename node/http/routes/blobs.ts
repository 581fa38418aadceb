// `/api/email/blobs`: attachments that are uploaded before the mail that names them.
import type { Hono } from 'hono';
import { ATTACHMENT_BYTES_MAX } from '../../send/limits.ts';
import { clientAddress } from '../client-address.ts';
import { resource } from '../methods.ts';
import type { EmailServices } from './email.ts';

export function blobRoutes(app: Hono, { sending, places }: Pick<EmailServices, 'sending' | 'places'>): void {
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
}
