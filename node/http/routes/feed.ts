// What hosts ask each other about their logs; a question for news is held until there is some.
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
import { type PeerRoute, readMessage } from '../peers/peer-message.ts';

export interface FeedRoutesOptions {
  readonly server: Pick<FeedServer, 'answer' | 'snapshot'>;
  readonly relay: Pick<RelayServer, 'answer'>;
  /** Aborts when the node stops: nobody is kept waiting then. */
  readonly stopping: AbortSignal;
}

/** About this host's own log, or, as `scope` says, about all logs that it follows. */
const questionSchema = z.union([feedQuestionSchema, relayQuestionSchema]);

export function feedRoutes({ server, relay, stopping }: FeedRoutesOptions): readonly PeerRoute[] {
  const waiting = new Map<string, AbortController>();
  return [
    {
      path: FEED_PATH,
      answer: async (message) => {
        const question = readMessage(message, questionSchema, FEED_VERSION);
        const isForAll = 'scope' in question;
        const [from, own] = [`${message.from} ${isForAll}`, new AbortController()];
        // A follower asks one question of a kind at a time, so nobody waits for the answer to its last one any more.
        waiting.get(from)?.abort();
        waiting.set(from, own);
        try {
          const signal = AbortSignal.any([stopping, own.signal, message.signal()]);
          return await (isForAll ? relay.answer(question, signal) : server.answer(question, signal));
        } finally {
          if (waiting.get(from) === own) waiting.delete(from);
        }
      },
    },
    {
      path: SNAPSHOT_PATH,
      answer: (message) => server.snapshot(readMessage(message, snapshotQuestionSchema, FEED_VERSION)),
    },
  ];
}
