// The webhooks with what their deliveries go through: the guard over URLs, and the sender behind it.
import type { HostId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import type { ChangeLog } from '../changes/change-log.ts';
import type { Log } from '../log.ts';
import { isLoopback } from '../machine/this-machine.ts';
import type { Store } from '../store/store.ts';
import type { MailPayload } from './delivery/request.ts';
import { createGuard, type GuardOptions } from './guard/guard.ts';
import type { OpenTunnel } from './guard/proxy-tunnel.ts';
import { createSender } from './sender/http-sender.ts';
import type { Sender } from './sender/sender.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';

export interface OpenWebhooksOptions {
  readonly store: Store;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostId: HostId;
  /** Addresses of the names in URLs; rejects when there is none. */
  readonly resolve: GuardOptions['resolve'];
  /** What an operator allows beyond the guard's own rules. */
  readonly allow: GuardOptions['allow'];
  /** By which public receivers are reached, where they are not directly. */
  readonly tunnel?: OpenTunnel | undefined;
  /** What stands before the sender, as a stopwatch does. */
  readonly before?: (sender: Sender) => Sender;
  /** The payloads of events of inboxes. */
  readonly mailPayload?: MailPayload;
  /** Where this node listens: no webhook is sent there. */
  readonly listening: () => { readonly ip: string; readonly port: number };
}

/** Rejects with `store_failed` when a record can't be read. Disposing cuts off what is being sent. */
export async function openWebhooks(options: OpenWebhooksOptions): Promise<Webhooks & AsyncDisposable> {
  const { clock, resolve, allow, listening, tunnel, before = (sender) => sender } = options;
  const guard = createGuard({
    clock,
    resolve,
    allow,
    loopbackAllowed: isLoopback(listening().ip),
    listening: () => [{ address: listening().ip, port: listening().port }],
  });
  await using stack = new AsyncDisposableStack();
  const sender = createSender({ guard, clock, tunnel });
  stack.defer(() => sender.close());
  const webhooks = await createWebhooks({ ...options, guard, sender: before(sender) });
  const owned = stack.move();
  return Object.assign(webhooks, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}
