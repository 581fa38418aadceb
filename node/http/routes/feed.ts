// What hosts ask each other about their logs. Signed both ways; a question for news is held until there is some. Behind `peerAuth`.
import type { Hono } from 'hono';
import {
  FEED_PATH,
  FEED_VERSION,
  feedQuestionSchema,
  SNAPSHOT_PATH,
  snapshotQuestionSchema,
} from '../../../mesh/feed/messages.ts';
import type { FeedServer } from '../../feed/feed-server.ts';
import { answerJson } from '../answer-signature.ts';
import { resource } from '../methods.ts';
import { readMessage } from '../peer-message.ts';

export interface FeedRoutesOptions {
  readonly server: Pick<FeedServer, 'answer' | 'snapshot'>;
  /** Aborts when the node stops: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

export function feedRoutes(app: Hono, { server, stopping }: FeedRoutesOptions): void {
  resource(app, FEED_PATH, {
    POST: async (c) => {
      const question = readMessage(c, feedQuestionSchema, FEED_VERSION);
      return answerJson(c, await server.answer(question, AbortSignal.any([stopping, c.req.raw.signal])));
    },
  });
  resource(app, SNAPSHOT_PATH, {
    POST: (c) => answerJson(c, server.snapshot(readMessage(c, snapshotQuestionSchema, FEED_VERSION))),
  });
}
