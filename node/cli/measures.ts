// What a node measures, as GET /metrics tells it in the text format of Prometheus: here only plain numbers, each by the value of its one label.
import { request } from 'undici';
import { type NodeClientOptions, withinAnswerTime } from './node-client.ts';

/** The numbers of one name by the values of its label, '' without one; empty when there are none. */
export type Measures = (name: string) => ReadonlyMap<string, number>;

const SAMPLE = /^(\w+)(?:\{\w+="([\w.-]*)"\})? (\S+)$/;
const PATH = '/metrics';

/** Rejects with an Error whose message is a sentence. */
export function readMeasures(options: NodeClientOptions): Promise<Measures> {
  const { url, token, dispatcher } = options;
  return withinAnswerTime(options, async (signal) => {
    const answer = await request(`${url}${PATH}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`GET ${PATH} is answered with ${answer.statusCode}.`);
    return parseMeasures(text);
  });
}

export function parseMeasures(text: string): Measures {
  const all = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    const [, name, label = '', number] = SAMPLE.exec(line) ?? [];
    if (name === undefined) continue;
    const samples = all.get(name) ?? new Map();
    samples.set(label, Number(number));
    all.set(name, samples);
  }
  return (name) => all.get(name) ?? new Map();
}
