#!/usr/bin/env node
// `npm run soak [-- --engine etcd|etcd-cluster|postgres]`: real hosts in trouble for as long as one likes, their claims kept by themselves or by a
// real engine that is in trouble too. `npm run soak -- --changes`: three real hosts that change all the time and are killed again and again, and
// what a gateway and a listener heard of it. `npm run soak -- --mail [--clone DIR…]`: mails, whole and broken, into one real mailbox, those of a
// clone of a public suite, too, and dialogues and questions that nobody should hold or ask. `npm run soak -- --api`: questions of every operation
// to a real host, held against its document. The tests run a short one of each.
import { parseArgs } from 'node:util';
import { ANSWER_MS_MAX } from './chaos/answer-bound.ts';
import { runApi } from './chaos/api-run.ts';
import { runChanges } from './chaos/change-run.ts';
import { ENGINE_NAMES, ENGINES, runEngineChaos } from './chaos/engine-run.ts';
import { runMail } from './chaos/mail-run.ts';
import { runChaos } from './chaos/run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    rounds: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    engine: { type: 'string' },
    changes: { type: 'boolean', default: false },
    api: { type: 'boolean', default: false },
    mail: { type: 'boolean', default: false },
    clone: { type: 'string', multiple: true, default: [] },
    count: { type: 'string' },
    from: { type: 'string', default: '0' },
    kills: { type: 'string', default: '60' },
  },
});
if (values.api) await soakApi();
else if (values.mail) await soakMail();
else if (values.changes) await soakChanges();
else await soakClaims();

async function soakClaims(): Promise<void> {
  const engine = engineNamed(values.engine);
  const seconds = Number(values.seconds) / Number(values.rounds);
  let operations = 0;
  let violations = 0;
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const seed = Number(values.seed) + round;
    const say = (line: string) => console.log(`seed ${seed}: ${line}`);
    const result = await (engine === undefined
      ? runChaos({ seconds, seed }, say)
      : runEngineChaos({ engine, seconds, seed }, say));
    operations += result.operations;
    violations += result.violations.length;
    for (const violation of result.violations) console.log(`  ${violation}`);
  }
  console.log(`${operations} operations, ${violations} violations`);
  if (violations > 0) process.exitCode = 1;
}

/** `count` changes of all three hosts, each of which is killed `kills` times. */
async function soakChanges(): Promise<void> {
  const [changes, kills, seed] = [Number(values.count ?? 10_000), Number(values.kills), Number(values.seed)];
  const { violations } = await runChanges({ changes, kills, seed }, (line) => console.log(`seed ${seed}: ${line}`));
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`${changes} changes, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}

/** Broken mails, dialogues and questions for `seconds`, beside all mails that are whole; or from a mail on that was told of. */
async function soakMail(): Promise<void> {
  const [seed, secondsMax] = [Number(values.seed), Number(values.seconds)];
  const say = (line: string) => console.log(`seed ${seed}: ${line}`);
  const count = Number(values.count ?? Number.MAX_SAFE_INTEGER);
  const from = Number(values.from);
  const first = from === 0 ? {} : { from, wholeMax: 0 };
  const sizes = { broken: count, dialogues: count, questions: count, secondsMax, ...first };
  const run = await runMail({ seed, clones: values.clone, ...sizes }, say);
  const { whole, taken, refused, authenticated, joined, dialogues, questions, again, violations } = run;
  console.log(`${whole.taken} of ${whole.count} whole mails taken`);
  console.log(`${authenticated} broken mails were authenticated, and ${joined} threads have several of them`);
  console.log(
    `${again.count} answers took more than ${ANSWER_MS_MAX} ms among others; by themselves, ${again.slowestMs} ms at most`,
  );
  console.log(
    `${taken} mails taken, ${refused} refused, ${dialogues} dialogues, ${questions} questions, ${violations.length} violations`,
  );
  if (violations.length > 0) process.exitCode = 1;
}

/** `count` questions of one host. */
async function soakApi(): Promise<void> {
  const [count, seed] = [Number(values.count ?? 20_000), Number(values.seed)];
  const { violations: found, never } = await runApi({ count, seed }, (line) => console.log(`seed ${seed}: ${line}`));
  const violations = [...found, ...never.map((id) => `'${id}' never succeeded.`)];
  for (const violation of violations) console.log(`  ${violation}`);
  console.log(`${count} questions, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}

function engineNamed(name: string | undefined): keyof typeof ENGINES | undefined {
  if (name === undefined) return undefined;
  const engine = ENGINE_NAMES.find((one) => one === name);
  if (engine === undefined) throw new Error(`There is no engine '${name}'. There are: ${ENGINE_NAMES.join(', ')}.`);
  const whyNot = ENGINES[engine].whyNot();
  if (whyNot !== undefined) throw new Error(`${whyNot}.`);
  return engine;
}
