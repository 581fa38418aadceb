// What a node is made from: the real ports, or what stands for them in tests, and what its operator set.
import type { ClaimEngine } from '../mesh/engine/claim-engine.ts';
import type { Clock, Random } from '../mesh/ports.ts';
import type { Signer } from '../mesh/signature/ed25519.ts';
import type { EditHosts } from './admission/host-list.ts';
import type { Log } from './log.ts';
import type { MachineMeasures } from './metrics/machine-measures.ts';
import type { CallOnce } from './peers/keys/hello-question.ts';
import type { BelieveLegacy } from './peers/keys/trusted-network.ts';
import type { MakeTransport } from './peers/known-peers.ts';
import type { RosterWatch } from './peers/roster-watch.ts';
import type { SendConfig } from './send/account.ts';
import type { PostForm } from './send/accounts/access-tokens.ts';
import type { BlobStore } from './send/attachments/blob-store.ts';
import type { Mailer } from './send/mailer.ts';
import type { SocketTo } from './send/smtp/smtp-connection.ts';
import type { ListenAddress } from './setting-values.ts';
import type { Config, Secrets } from './settings.ts';
import type { CopiedStore, ForgettingStore } from './store/disk-store.ts';
import type { Store } from './store/store.ts';
import type { Resolver } from './validation/deliverability.ts';
import type { GuardOptions } from './webhooks/guard/guard.ts';
import type { OpenTunnel } from './webhooks/guard/proxy-tunnel.ts';

export interface NodePorts {
  readonly store: Store;
  /** How the store is copied for a backup and overwritten, and where its directory is; absent where it is on no disk. */
  readonly copied?: { readonly store: CopiedStore & ForgettingStore; readonly directory: string };
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signer: Signer;
  /** Rewrites hosts.json; absent where there is no such file. */
  readonly editHosts?: EditHosts;
  /** Where the mailbox keeps its data; absent: there is none. */
  readonly mailboxDirectory?: string;
  /** Octets that are free on the disk of a directory; absent: as the system says. */
  readonly freeBytes?: (directory: string) => Promise<number>;
  /** Attachments on disk. */
  readonly blobs: BlobStore;
  readonly resolver: Resolver;
  /** Addresses of the names in the URLs of webhooks; rejects when there is none. */
  readonly resolveOutside: GuardOptions['resolve'];
  /** By which webhooks leave the operator's networks; absent: directly. */
  readonly webhookTunnel?: OpenTunnel | undefined;
  /** Asks for access tokens. */
  readonly post: PostForm;
  /** Sockets to mail servers. */
  readonly socketTo: SocketTo;
  /** In place of SMTP, in tests. */
  readonly mailer?: Mailer;
  /** What keeps the claims, when it is not the mesh's own voters. */
  readonly engine?: ClaimEngine | undefined;
  /** Whether an unsigned answer from an address may be a legacy peer's; absent: peers/trusted-network.ts judges. Mutants hand in another. */
  readonly believesLegacy?: BelieveLegacy;
  /** What is measured of the process and its disk; absent: nothing. */
  readonly machine?: MachineMeasures;
  /** One question to a peer whose key is not known yet. */
  readonly callOnce: CallOnce;
  /** Questions to peers, once their keys are known. */
  readonly transport: MakeTransport;
}

export interface NodeOptions {
  readonly config: Pick<
    Config,
    'allowSingleLabel' | 'allowIpLiteral' | 'webhookAllow' | 'logDays' | 'legacy' | 'indexScope'
  > &
    Partial<Pick<Config, 'aliases' | 'origins' | 'peerChannel' | 'page' | 'shown' | 'compat' | 'forward' | 'mailbox'>>;
  readonly secrets: Omit<Secrets, 'smtpUrl' | 'claims' | 'webhookProxy'> & Partial<Pick<Secrets, 'claims'>>;
  /** The accounts that mail goes out through. */
  readonly send: SendConfig;
  readonly roster: RosterWatch;
  readonly version: string;
  /** Hosts up to which everybody follows everybody: fewer, in tests. */
  readonly followedByAllMax?: number | undefined;
  /** Where it listens, or is about to: no webhook is sent there. */
  readonly listening: () => ListenAddress;
}
