// The form that is said to a token endpoint, over HTTPS: without redirects, bounded in time and size. undici checks the certificate.
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { Clock } from '../../mesh/ports.ts';
import { withDeadline } from '../../mesh/time/deadline.ts';
import type { PostForm } from '../send/accounts/access-tokens.ts';

const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 64 * 1_024;

/** `lookup`: how names become addresses. The connections are closed when the function is disposed of. */
export function createPostForm(lookup: LookupFunction, clock: Clock): PostForm & AsyncDisposable {
  const agent = new Agent({ connections: 2, maxResponseSize: ANSWER_BYTES_MAX, connect: { lookup } });
  const silent = () => new Error(`the token endpoint did not answer within ${ANSWER_MS_MAX / 1_000} s`);
  const post: PostForm = (url, form) =>
    withDeadline({ clock, ms: ANSWER_MS_MAX, signals: [], silent }, async (signal) => {
      const { statusCode, body } = await request(url, {
        dispatcher: agent,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: form.toString(),
        signal,
      });
      return { status: statusCode, text: await body.text() };
    });
  return Object.assign(post, { [Symbol.asyncDispose]: () => agent.close() });
}
