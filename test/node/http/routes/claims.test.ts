import { describe, expect, it } from 'vitest';
import type { ClaimVoter } from '../../../../mesh/claims/claim-voter.ts';
import { CLAIM_QUESTIONS_PATH } from '../../../../mesh/claims/peer-questions.ts';
import type { HostId } from '../../../../mesh/names.ts';
import type { ClaimQuestion } from '../../../../mesh/state/messages.ts';
import { addPeerRoutes } from '../../../../node/http/peers/peer-routes.ts';
import { claimRoutes } from '../../../../node/http/routes/claims.ts';
import { createShell } from '../../../../node/http/shell.ts';
import { cloud, DATA, greetingOf, mac, wishOf } from '../../../support/membership-of.ts';
import { RecordingLog } from '../../../support/recording-log.ts';

/** The routes behind what verified a request of `from`. */
function claims() {
  const heard: ClaimQuestion[] = [];
  const voter: ClaimVoter = {
    receive: () => Promise.reject(new Error('no items are sent here')),
    receiveQuestion: (_, question) => {
      heard.push(question);
      return Promise.resolve(greetingOf(DATA[mac] ?? '', wishOf([mac])));
    },
  };
  const ask = async (said: unknown, from: HostId = cloud) => {
    const body = Buffer.from(JSON.stringify(said));
    const app = createShell(new RecordingLog());
    app.use('*', (c, next) => {
      c.set('peerMessage', { from, body, signal: () => c.req.raw.signal });
      return next();
    });
    app.route('/', routes);
    return (await app.request(CLAIM_QUESTIONS_PATH, { method: 'POST' })).status;
  };
  const routes = createShell(new RecordingLog());
  addPeerRoutes(routes, claimRoutes(voter));
  return { heard, ask };
}

const greeting = greetingOf(DATA[cloud] ?? '', wishOf([cloud, mac]));

describe('questions about claims', () => {
  it('are heard and answered each time, greetings whole or short', async () => {
    const { heard, ask } = claims();
    const again = { version: 2, about: 'again', profile: 'p', votes: 7 };
    expect([await ask(greeting), await ask(greeting), await ask(again)]).toEqual([200, 200, 200]);
    expect(heard).toEqual([greeting, greeting, again]);
  });

  it('that have no known form are refused each time', async () => {
    const { heard, ask } = claims();
    const wrong = { ...greeting, votes: 'many' };
    expect([await ask(wrong), await ask(wrong), await ask({ ...greeting, version: 1 })]).toEqual([400, 400, 400]);
    expect(heard).toEqual([]);
  });
});
