// A PeerTransport whose peers do what a test says, however badly, and that remembers what they were asked.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PeerAnswer, PeerRequest, PeerTransport } from '../../mesh/ports.ts';

/** How a peer behaves when asked. */
export type PeerScript = (request: PeerRequest, signal: AbortSignal | undefined) => Promise<PeerAnswer> | PeerAnswer;

export class ScriptedPeers implements PeerTransport {
  readonly asked: PeerRequest[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly #scripts: Readonly<Record<string, PeerScript>>;

  /** A peer without a script is silent, and deaf to the signal too. */
  constructor(scripts: Readonly<Record<string, PeerScript>> = {}) {
    this.#scripts = scripts;
  }

  async ask(request: PeerRequest, signal?: AbortSignal): Promise<PeerAnswer> {
    this.asked.push(request);
    this.signals.push(signal);
    await nextTurn();
    return (this.#scripts[request.to] ?? never)(request, signal);
  }
}

/** Answers 200 with this body. */
export function says(body: unknown): PeerScript {
  return () => ({ status: 200, body });
}

/** Neither answers nor notices that nobody waits any more. */
export function never(): Promise<PeerAnswer> {
  return new Promise(() => {});
}

/** An entry as host `hostId` would answer it, `agentId` and `agentName` made from `agent`. */
export function wireEntry(hostId: string, agent: string, fields: Readonly<Record<string, unknown>> = {}) {
  return { agentId: `id-${agent}`, agentName: agent, hostId, hostUrl: 'http://elsewhere', primary: true, ...fields };
}
