// Every route of the send module, in the one order that fits.
import type { Hono } from 'hono';
import type { Clock } from '../../../mesh/ports.ts';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import type { Sending } from '../../send/send-service.ts';
import { BodyPlaces } from '../send/body-places.ts';
import { sendBodyReader } from '../send/send-body.ts';
import { blobRoutes } from './blobs.ts';
import { bounceRoutes } from './bounces.ts';
import { emailRoutes } from './email.ts';
import { suppressionRoutes } from './suppressions.ts';

export interface SendRoutesOptions {
  readonly sending: Sending;
  readonly blobs: BlobStore;
  readonly clock: Clock;
}

export function sendRoutes(app: Hono, { sending, blobs, clock }: SendRoutesOptions): void {
  const places = new BodyPlaces(clock);
  const services = { sending, places, readBody: sendBodyReader(blobs, places) };
  blobRoutes(app, services);
  bounceRoutes(app, services);
  suppressionRoutes(app, sending);
  // Last, for its `/:id/…` would fit the others' paths.
  emailRoutes(app, services);
}
