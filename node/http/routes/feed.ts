// What hosts ask each other about their logs. Signed both ways; a question for news is held until there is some. Behind `peerAuth`.
import type { Hono } from 'hono';
import {
  FEED_PATH,
  FEED_VERSION,
  feedQuestionSchema,
  SNAPSHOT_PATH,
  snapshotQuestionSchema,
} from '../../../mesh/feed/messages.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { FeedServer } from '../../feed/feed-server.ts';
import { answerJson } from '../answer-signature.ts';
import { resource } from '../methods.ts';
import { peerOf } from '../peer-auth.ts';
import { readMessage } from '../peer-message.ts';

export interface FeedRoutesOptions {
  readonly server: Pick<FeedServer, 'answer' | 'snapshot'>;
  /** Aborts when the node stops: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

export function feedRoutes(app: Hono, { server, stopping }: FeedRoutesOptions): void {
  const waiting = new Map<HostId, AbortController>();
  resource(app, FEED_PATH, {
    POST: async (c) => {
      const question = readMessage(c, feedQuestionSchema, FEED_VERSION);
      const [from, own] = [peerOf(c), new AbortController()];
      // A follower asks one question at a time, so nobody waits for the answer to its last one any more.
      waiting.get(from)?.abort();
      waiting.set(from, own);
      try {
        const signal = AbortSignal.any([stopping, own.signal, c.req.raw.signal]);
        return answerJson(c, await server.answer(question, signal));
      } finally {
        if (waiting.get(from) === own) waiting.delete(from);
      }
    },
  });
  resource(app, SNAPSHOT_PATH, {
    POST: (c) => answerJson(c, server.snapshot(readMessage(c, snapshotQuestionSchema, FEED_VERSION))),
  });
}
