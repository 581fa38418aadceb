// The form that is said to a token endpoint, over HTTPS: without redirects, bounded in time and size. undici checks the certificate.
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { PostForm } from '../send/accounts/access-tokens.ts';

const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 64 * 1_024;

/** `lookup`: how names become addresses. The connections are closed when the function is disposed of. */
export function createPostForm(lookup: LookupFunction): PostForm & AsyncDisposable {
  const agent = new Agent({ connections: 2, maxResponseSize: ANSWER_BYTES_MAX, connect: { lookup } });
  const post: PostForm = async (url, form) => {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    return { status: statusCode, text: await body.text() };
  };
  return Object.assign(post, { [Symbol.asyncDispose]: () => agent.close() });
}
