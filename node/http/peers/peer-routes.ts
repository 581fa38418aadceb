// The questions of hosts as routes of HTTP: signed both ways. Behind `peerAuth`.
import type { Hono } from 'hono';
import { resource } from '../methods.ts';
import { answerJson } from './answer-signature.ts';
import { peerMessage } from './peer-auth.ts';
import type { PeerRoute } from './peer-message.ts';

/** Each takes a POST, and no other method (405). */
export function addPeerRoutes(app: Hono, routes: readonly PeerRoute[]): void {
  for (const { path, answer } of routes)
    resource(app, path, { POST: async (c) => answerJson(c, await answer(peerMessage(c))) });
}
