// A request to go on as a channel: judged by the gate as any request is, then handed over with its connection. What is refused is answered
// in the error shape, and the connection ends.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CHANNEL_PATH, CHANNEL_PROTOCOL } from '../../../mesh/channel/handshake.ts';
import { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import type { Log } from '../../log.ts';
import type { ChannelServer } from '../../peers/channel/channel-server.ts';
import { addressGroup } from '../address-group.ts';
import { failedRequest, rawErrorResponse } from '../errors.ts';
import type { Gate } from '../gate/gate.ts';
import { requestPath } from '../paths.ts';
import { rawHeader, rawHeaderNames } from '../raw-headers.ts';

export interface Upgrade {
  /** Whether a request asks for a channel, and may be taken out of HTTP for it. */
  isOffer(incoming: IncomingMessage): boolean;
  accept(incoming: IncomingMessage, socket: Socket, head: Uint8Array): void;
}

/** What is refused has this long to be read. */
const REFUSAL_MS_MAX = 1_000;

/** What else takes connections over, and itself answers those that it refuses. */
export interface Door extends Pick<Upgrade, 'isOffer'> {
  accept(incoming: IncomingMessage, socket: Socket, head: Uint8Array): Promise<void>;
}

export interface UpgradeParts {
  readonly gate: Gate;
  /** Absent: this node takes no channels. */
  readonly channels: ChannelServer | undefined;
  readonly doors: readonly Door[];
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

/**
 * Hands a connection over only where the gate lets it pass and the handshake succeeds; any other is answered, and closed after
 * `REFUSAL_MS_MAX` at the latest.
 */
export function acceptBehindGate({ gate, channels, doors, clock, log }: UpgradeParts): Upgrade {
  const all = channels === undefined ? doors : [channelDoor(channels), ...doors];
  return {
    isOffer: (incoming) => all.some((door) => door.isOffer(incoming)),
    accept: (incoming, socket, head) => {
      // Node hands over the socket with no listener on it.
      socket.on('error', () => undefined);
      const header = (name: string) => rawHeader(incoming, name);
      const path = requestPath(`http://localhost${incoming.url ?? '/'}`);
      const client = addressGroup(socket.remoteAddress);
      const visitor = { method: 'GET', path, client, header, headerNames: () => rawHeaderNames(incoming) };
      const refusal = gate.refuses(visitor);
      const door = all.find((one) => one.isOffer(incoming));
      const accepted = refusal === undefined ? door?.accept(incoming, socket, head) : Promise.reject(refusal);
      accepted?.catch((error: unknown) => {
        const said = error instanceof MeshError ? error : failedRequest(log, visitor, error as Error);
        if (socket.writable) socket.end(rawErrorResponse(said));
        socket.resume();
        socket.once(
          'close',
          afterMs(clock, REFUSAL_MS_MAX, () => socket.destroy()),
        );
      });
    },
  };
}

function channelDoor(channels: ChannelServer): Door {
  return {
    isOffer: (incoming) =>
      incoming.method === 'GET' &&
      incoming.url === CHANNEL_PATH &&
      rawHeader(incoming, 'upgrade')?.toLowerCase() === CHANNEL_PROTOCOL,
    accept: async (incoming, socket, head) => {
      await channels.accept((name) => rawHeader(incoming, name), socket, head);
    },
  };
}
