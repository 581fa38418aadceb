// A worker of an inbox as a program of its own, which runs without the node and on its oldest Node: it says what it begins and what it ends,
// each with the time. Told a number, it begins as many jobs and never ends the last.
import { setTimeout as sleep } from 'node:timers/promises';
import { openInbox } from 'agent-email-mesh/worker';

const [url = '', key = '', inboxId = '', worker = '', hangsAt = '0'] = process.argv.slice(2);
/** @param {object} event */
const say = (event) => process.stdout.write(`${JSON.stringify({ ...event, atMs: Date.now() })}\n`);
let begun = 0;

for await (const { message, attempt } of openInbox({ url, key, inboxId }).jobs({ worker, leaseSeconds: 30 })) {
  begun += 1;
  const id = message.message_id;
  say({ began: id, attempt });
  await sleep(begun === Number(hangsAt) ? 600_000 : 5);
  say({ ended: id });
}
