// What a capability is to the node: routes, work in the background, and what it shows and holds; and what all of them are made from.
import type { HostId } from '../../mesh/names.ts';
import type { CursorReader } from '../changes/change-log.ts';
import type { HostCopies } from '../feed/host-copies.ts';
import type { RouteGroup } from '../http/app.ts';
import type { Door } from '../http/peers/channel-upgrade.ts';
import type { PeerRoute } from '../http/peers/peer-message.ts';
import type { Keys } from '../keys/keys.ts';
import type { MeshEvents } from '../mesh-events.ts';
import type { OpenMesh } from '../mesh-module.ts';
import type { Measure } from '../metrics/measure.ts';
import type { NodeOptions, NodePorts } from '../node-ports.ts';
import type { PageSources } from '../page/page.ts';
import type { EmailIndex } from '../registry/email-index.ts';
import type { Registry } from '../registry/registry.ts';
import type { RestoredClaims } from '../registry/restored-claims.ts';
import type { DkimFor } from '../send/account.ts';
import type { Sending } from '../send/send-service.ts';
import type { MailPayload } from '../webhooks/delivery/request.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';

/** One capability of a running node. */
export interface Module {
  readonly routes?: RouteGroup;
  /** What takes connections out of HTTP. */
  readonly door?: Door;
  /** Questions of hosts whose keys are not known here. */
  readonly strangerRoutes?: RouteGroup;
  /** Questions that only hosts ask. */
  readonly peerRoutes?: readonly PeerRoute[];
  /** The reader of the change log that keeps entries from being trimmed. */
  readonly cursorReader?: CursorReader;
  /** What `GET /metrics` tells of it. */
  readonly measures?: readonly Measure[];
  /** Mail that other modules have sent. */
  readonly sending?: Sending;
  /** Members that `GET /api/hosts` shows of a peer beside the heartbeat's. */
  ofPeer?(id: HostId): Readonly<Record<string, unknown>>;
  /** What the page asks, which is what the routes ask. */
  readonly shown?: Partial<PageSources>;
  /** Works in the background until `signal` aborts. */
  run?(signal: AbortSignal): Promise<void>;
  /** Ends what `run` left in hand, once nothing runs any more. */
  close?(): PromiseLike<void>;
}

/** Makes one module. `before`: those that are open already. Rejects with `store_failed` when a stored record can't be read. */
export type OpenModule = (parts: Parts, before: readonly Module[]) => Module | Promise<Module>;

/** What the webhooks, the send module and the mailbox know of each other: each sets its part when it is made, and finds the other's when it works. */
interface MailHooks {
  webhooks?: Webhooks;
  payloadOf?: MailPayload;
  /** What signs mail from domains that the mailbox knows. */
  dkimFor?: DkimFor;
}

/** What modules are made from: the node's settings and ports, and what every node has. */
export interface Parts {
  readonly options: NodeOptions;
  readonly ports: NodePorts;
  readonly mesh: OpenMesh;
  readonly events: MeshEvents;
  readonly index: EmailIndex;
  readonly copies: HostCopies;
  readonly registry: Registry;
  /** Those of this host's claims that came with a restored backup. */
  readonly restored: RestoredClaims;
  readonly keys: Keys;
  readonly mailHooks: MailHooks;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}
