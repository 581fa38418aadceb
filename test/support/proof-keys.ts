// Keys of the proof: clients that have one, and sockets, of which every octet is kept that they were told.
import { AgentMailClient } from 'agentmail';
import { expect } from 'vitest';
import type { HostProcess } from '../../scripts/host-process.ts';
import { LIVE_MS_MAX } from './time-bounds.ts';

export interface Keyed {
  readonly keyId: string;
  readonly apiKey: string;
  readonly client: AgentMailClient;
}

/** What is answered when a key was made. */
export type MadeKey = Awaited<ReturnType<AgentMailClient['apiKeys']['create']>>;

/** A client of `host` with a key that was just made. */
export function keyed({ url }: HostProcess, made: MadeKey): Keyed {
  if (!('apiKey' in made)) expect.fail('The answer has no key.');
  const { apiKeyId: keyId, apiKey } = made;
  return { keyId, apiKey, client: new AgentMailClient({ apiKey, baseUrl: url }) };
}

type Subscription = Omit<Parameters<Socket['sendSubscribe']>[0], 'type'>;
type Socket = Awaited<ReturnType<AgentMailClient['websockets']['connect']>>;

export interface Heard extends AsyncDisposable {
  /** Each frame as it came. */
  readonly frames: readonly string[];
  /** Codes with which the connection was closed. */
  readonly closed: readonly number[];
  /** Resolves when so many frames have come. */
  hears(count: number): Promise<void>;
}

/** The socket of that client, which has said what it wants; `since`: an event. */
export async function listening(client: AgentMailClient, wanted: Subscription, since?: string): Promise<Heard> {
  const queryParams = since === undefined ? {} : { since };
  const socket = await client.websockets.connect({ queryParams, reconnectAttempts: 0 });
  const [frames, closed]: [string[], number[]] = [[], []];
  socket.socket.addEventListener('message', ({ data }) => {
    frames.push(String(data));
  });
  socket.on('close', ({ code }) => closed.push(code));
  await socket.waitForOpen();
  socket.sendSubscribe({ type: 'subscribe', ...wanted });
  return {
    ...{ frames, closed },
    hears: (count) => expect.poll(() => frames.length, { timeout: LIVE_MS_MAX }).toBeGreaterThanOrEqual(count),
    [Symbol.asyncDispose]: async () => socket.close(),
  };
}
