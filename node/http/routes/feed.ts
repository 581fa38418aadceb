// What hosts ask each other about their logs. Signed both ways; a question for news is held until there is some. Behind `peerAuth`.
import type { Hono } from 'hono';
import { z } from 'zod';
import {
  FEED_PATH,
  FEED_VERSION,
  feedQuestionSchema,
  SNAPSHOT_PATH,
  snapshotQuestionSchema,
} from '../../../mesh/feed/messages.ts';
import { relayQuestionSchema } from '../../../mesh/feed/relay-messages.ts';
import type { FeedServer } from '../../feed/feed-server.ts';
import type { RelayServer } from '../../feed/relay-server.ts';
import { answerJson } from '../answer-signature.ts';
import { resource } from '../methods.ts';
import { peerOf } from '../peer-auth.ts';
import { readMessage } from '../peer-message.ts';

export interface FeedRoutesOptions {
  readonly server: Pick<FeedServer, 'answer' | 'snapshot'>;
  readonly relay: Pick<RelayServer, 'answer'>;
  /** Aborts when the node stops: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

/** About this host's own log, or, as `scope` says, about all logs that it follows. */
const questionSchema = z.union([feedQuestionSchema, relayQuestionSchema]);

export function feedRoutes(app: Hono, { server, relay, stopping }: FeedRoutesOptions): void {
  const waiting = new Map<string, AbortController>();
  resource(app, FEED_PATH, {
    POST: async (c) => {
      const question = readMessage(c, questionSchema, FEED_VERSION);
      const isForAll = 'scope' in question;
      const [from, own] = [`${peerOf(c)} ${isForAll}`, new AbortController()];
      // A follower asks one question of a kind at a time, so nobody waits for the answer to its last one any more.
      waiting.get(from)?.abort();
      waiting.set(from, own);
      try {
        const signal = AbortSignal.any([stopping, own.signal, c.req.raw.signal]);
        return answerJson(c, await (isForAll ? relay.answer(question, signal) : server.answer(question, signal)));
      } finally {
        if (waiting.get(from) === own) waiting.delete(from);
      }
    },
  });
  resource(app, SNAPSHOT_PATH, {
    POST: (c) => answerJson(c, server.snapshot(readMessage(c, snapshotQuestionSchema, FEED_VERSION))),
  });
}
