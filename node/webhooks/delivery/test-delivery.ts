// `POST /api/webhooks/:id/test`: one real, signed attempt of the event `webhook.test`, outside the lanes and never repeated.

import { MeshError } from '../../../mesh/errors.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Clock, Random } from '../../../mesh/ports.ts';
import { newUuid } from '../../../mesh/uuid.ts';
import type { Told } from '../../changes/payload.ts';
import type { Outcome } from '../schedule/outcome.ts';
import type { Sender } from '../sender/sender.ts';
import type { Subscription } from '../webhook-records.ts';
import { postOf } from './request.ts';
import { PreparedKeys } from './signature.ts';

/** `POST …/test` requests in flight to one subscription; the next one is answered 503. No other's tests count, so none can take them. */
export const TESTS_IN_FLIGHT_MAX = 2;

export interface TestResult {
  readonly success: boolean;
  /** A sentence for whoever asked; nothing of the receiver's answer but its status. */
  readonly message: string;
  /** Absent: there was no answer. */
  readonly status?: number;
  readonly durationMs: number;
}

interface TestPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sender: Sender;
  readonly hostId: HostId;
}

export class TestDeliveries {
  readonly #ports: TestPorts;
  /** How many are in flight for a subscription, by its id; absent: none. */
  readonly #inFlight = new Map<string, number>();
  readonly #keys = new PreparedKeys();

  constructor(ports: TestPorts) {
    this.#ports = ports;
  }

  /** Throws `overloaded` when `TESTS_IN_FLIGHT_MAX` for the subscription are in flight. `signal` cuts the attempt off. */
  async deliver(subscription: Subscription, signal: AbortSignal): Promise<TestResult> {
    const { id } = subscription;
    const inFlight = this.#inFlight.get(id) ?? 0;
    if (inFlight >= TESTS_IN_FLIGHT_MAX) {
      const message = `${TESTS_IN_FLIGHT_MAX} tests of this webhook are in flight; try again when one has ended.`;
      throw new MeshError('overloaded', message, { retryAfterSeconds: 1 });
    }
    this.#inFlight.set(id, inFlight + 1);
    try {
      return await deliverTest(subscription, { ...this.#ports, keys: this.#keys }, signal);
    } finally {
      this.#ended(id);
    }
  }

  #ended(id: string): void {
    const left = (this.#inFlight.get(id) ?? 0) - 1;
    if (left > 0) this.#inFlight.set(id, left);
    else this.#inFlight.delete(id);
  }
}

async function deliverTest(
  subscription: Subscription,
  { clock, random, sender, hostId, keys }: TestPorts & { readonly keys: PreparedKeys },
  signal: AbortSignal,
): Promise<TestResult> {
  const nowMs = clock.wallMs();
  const told: Told = {
    id: `test_${newUuid(random)}`,
    event: 'webhook.test',
    timestamp: new Date(nowMs).toISOString(),
    agent: { id: 'webhook-test', name: 'webhook-test', hostId },
    changes: { added: [], removed: [], modified: [], current: [] },
    sequence: 0,
  };
  return resultOf(await sender.post(postOf(subscription, told, { nowMs, attempt: 1, keys }), signal));
}

function resultOf(outcome: Outcome): TestResult {
  const durationMs = outcome.tookMs;
  if (outcome.kind === 'failed') return { success: false, message: outcome.message, durationMs };
  const { status } = outcome;
  return { success: status >= 200 && status <= 299, message: meaningOf(status), status, durationMs };
}

function meaningOf(status: number): string {
  if (status >= 200 && status <= 299) return `The receiver accepted the test with ${status}.`;
  if (status >= 300 && status <= 399) {
    return `The receiver answered ${status}: redirects are not followed, subscribe the URL it redirects to.`;
  }
  if (status === 410) return 'The receiver answered 410: after a real delivery this subscription would be disabled.';
  return `The receiver answered ${status}: only 2xx accepts a delivery.`;
}
