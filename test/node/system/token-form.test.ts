import { expect, it } from 'vitest';
import { createPostForm } from '../../../node/system/token-form.ts';
import { silentServer } from '../../support/silent-server.ts';
import { systemAddresses } from '../../support/system-names.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('gives a token endpoint that says nothing up after ten seconds', async () => {
  await using server = await silentServer();
  const clock = new VirtualClock();
  await using post = createPostForm(systemAddresses.lookup, clock);
  const asking = post(server.url, new URLSearchParams({ grant_type: 'refresh_token' }));
  await expect(server.outcomeAfter(asking, clock, 10_000)).rejects.toThrow('did not answer within 10 s');
  expect(clock.sleepers).toBe(0);
});
