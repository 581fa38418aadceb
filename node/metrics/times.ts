// The times that a node takes, each with the buckets that fit it.
import { Times } from './measure.ts';

/** From what a local answer takes to what a host that is down makes others wait. */
const QUESTION_SECONDS = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SYNC_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1];
const OUTWARD_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type LookUpTimes = ReturnType<typeof lookUpTimes>;
export type ClaimTimes = ReturnType<typeof claimTimes>;
export type DeliveryTimes = ReturnType<typeof deliveryTimes>;
export type ShipmentTimes = ReturnType<typeof shipmentTimes>;
export type SyncTimes = ReturnType<typeof syncTimes>;

export function lookUpTimes() {
  return new Times({
    name: 'mesh_lookup_seconds',
    help: 'Look-ups that were answered, by their mode (host: of this host alone; peer: asked by another host), and how long they took.',
    label: 'mode',
    outcomes: ['host', 'peer', 'everybody', 'verify', 'index'],
    boundsSeconds: QUESTION_SECONDS,
  });
}

export function claimTimes() {
  return new Times({
    name: 'mesh_claim_seconds',
    help: 'Claims of addresses by their outcome, and how long the voters took.',
    label: 'outcome',
    outcomes: ['held', 'conflict', 'unavailable'],
    boundsSeconds: QUESTION_SECONDS,
  });
}

export function deliveryTimes() {
  return new Times({
    name: 'mesh_delivery_seconds',
    help: 'Attempts of webhook deliveries (accepted: a 2xx; refused: another status; failed: no answer), and how long they took.',
    label: 'outcome',
    outcomes: ['accepted', 'refused', 'failed'],
    boundsSeconds: OUTWARD_SECONDS,
  });
}

export function shipmentTimes() {
  return new Times({
    name: 'mesh_shipment_seconds',
    help: 'Attempts to hand a message to a mail server (answered: about every recipient; not_sent: nothing was taken; unknown: it may have it).',
    label: 'outcome',
    outcomes: ['answered', 'not_sent', 'unknown'],
    boundsSeconds: OUTWARD_SECONDS,
  });
}

export function syncTimes() {
  return new Times({
    name: 'mesh_fsync_seconds',
    help: 'Syncs of the commit log to the disk, each of a group of commits, and how long they took.',
    label: 'outcome',
    outcomes: ['done', 'failed'],
    boundsSeconds: SYNC_SECONDS,
  });
}
