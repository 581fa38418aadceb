// What is asked over a channel, answered as the same request over HTTP would be: the questions that hosts have for each other at once, and
// any other through the application. Who asks was proven when the channel was opened.
import type { ChannelAnswer, ChannelQuestion } from '../../../mesh/channel/message.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { PEER_BODY_BYTES_MAX } from '../../../mesh/limits.ts';
import type { Log } from '../../log.ts';
import type { AnswerPeer } from '../../peers/channel/channel-server.ts';
import { errorAnswer, failedRequest } from '../errors.ts';
import type { Fetch } from '../shell.ts';
import type { PeerMessage, PeerRoute } from './peer-message.ts';

export interface ChannelAnswerOptions {
  readonly routes: readonly PeerRoute[];
  /** Answers everything else. */
  readonly fetch: Fetch;
  readonly log: Log;
}

/** Never rejects: a refusal is an answer, in the shape that HTTP has for it. */
export function createChannelAnswer({ routes, fetch, log }: ChannelAnswerOptions): AnswerPeer {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  return async (from, question, signal) => {
    const { method, target, body } = question;
    const asker: PeerMessage = { from, body, signal };
    try {
      const route = method === 'POST' ? byPath.get(target) : undefined;
      if (route === undefined) return await answerByApplication(fetch, question, asker);
      return bounded({ status: 200, body: Buffer.from(JSON.stringify(await route.answer(asker))) });
    } catch (error) {
      const refusal = error instanceof MeshError ? error : failedRequest(log, { method, path: target }, error as Error);
      const { status, body: said } = errorAnswer(refusal);
      return { status, body: Buffer.from(JSON.stringify(said)) };
    }
  };
}

async function answerByApplication(
  fetch: Fetch,
  { method, target, fields, body }: ChannelQuestion,
  asker: PeerMessage,
): Promise<ChannelAnswer> {
  const sent = method === 'POST' ? { body: new Uint8Array(body) } : {};
  const request = new Request(`http://localhost${target}`, { method, headers: fields, ...sent });
  const response = await fetch(request, { asker });
  const etag = response.headers.get('etag') ?? undefined;
  return bounded({ status: response.status, etag, body: new Uint8Array(await response.arrayBuffer()) });
}

/** What is larger, as whole indexes are, is asked for over HTTP. */
function bounded(answer: ChannelAnswer): ChannelAnswer {
  if (answer.body.byteLength <= PEER_BODY_BYTES_MAX) return answer;
  throw new MeshError('payload_too_large', 'The answer is larger than one over a channel may be: ask over HTTP.');
}
