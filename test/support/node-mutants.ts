// Ways to get look-ups wrong, and questions to a legacy host; none is in the product. The simulation of whole hosts must notice each.
import type { LookUp, LookUpAnswer } from '../../mesh/lookup/fan-out.ts';
import type { NodeSimulationOptions } from './node-simulation.ts';

export interface NodeMutant {
  readonly name: string;
  readonly breaks: string;
  /** Made anew for each run: some remember. */
  options(): NodeSimulationOptions;
}

export const NODE_MUTANTS: readonly NodeMutant[] = [
  {
    name: 'hides-silence',
    breaks: 'does not say who was silent',
    options: () => ({
      lookUp: changed(({ emails, meta }) => ({
        emails,
        meta: { ...meta, hostsFailed: [], hostsSucceeded: meta.hostsQueried },
      })),
    }),
  },
  {
    name: 'forgets-peers',
    breaks: 'answers with what this host has itself',
    options: () => ({ lookUp: changed(({ meta }) => ({ emails: new Map(), meta })) }),
  },
  {
    name: 'answers-from-memory',
    breaks: 'gives the first answer to a question again for ever',
    options: () => {
      const answers = new Map<LookUp, Map<string, Promise<LookUpAnswer>>>();
      return {
        lookUp: (lookUp) => (question, signal) => {
          const known = answers.get(lookUp) ?? new Map<string, Promise<LookUpAnswer>>();
          answers.set(lookUp, known);
          const name = question.address?.key ?? '';
          const answer = known.get(name) ?? lookUp(question, signal);
          known.set(name, answer);
          return answer;
        },
      };
    },
  },
  {
    name: 'waits-for-everybody',
    breaks: 'waits for a silent host for longer than it may',
    options: () => ({
      lookUp: (lookUp, clock) => async (question, signal) => {
        const answer = await lookUp(question, signal);
        if (answer.meta.hostsFailed.length > 0) await clock.sleep(1_000);
        return answer;
      },
    }),
  },
  {
    name: 'asks-no-legacy-host',
    breaks: 'claims without asking a host that only serves the look-up',
    options: () => ({ asksLegacy: false }),
  },
];

function changed(change: (answer: LookUpAnswer) => LookUpAnswer): (lookUp: LookUp) => LookUp {
  return (lookUp) => async (question, signal) => change(await lookUp(question, signal));
}
