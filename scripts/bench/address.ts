// How many addresses a second one core parses, beside the bare check that programs commonly make do with, on the same texts.
// Time is this process's processor time, its own compiler and collector included: what one core does, whoever else is at work.
// Two mixes: ordinary ASCII addresses, which take the short way, and those with every valid case of python-email-validator among them.
import { readFileSync } from 'node:fs';
import { parseIdentityAddress } from '../../mesh/address/identity.ts';
import type { AddressOptions } from '../../mesh/address/options.ts';
import { parseAddress } from '../../mesh/address/parse.ts';
import { type Benchmark, type Figure, median } from './figure.ts';

const CASES = new URL('../../test/data/python-email-validator.json', import.meta.url);
/** No measurement takes less, so that the clock's grain and one pause of the collector don't decide it. */
const MEASUREMENT_MS_MIN = 300;
const PARSED_PER_SECOND_MIN = 100_000;
const BARE_CHECK = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
/** Under these, every valid case of python-email-validator is valid, whatever options it names. */
const EVERYTHING: AddressOptions = {
  allowQuotedLocal: true,
  allowDomainLiteral: true,
  allowDisplayName: true,
  allowEmptyLocal: true,
  testEnvironment: true,
};

const ORDINARY = 'ordinary ASCII addresses';
const ALL_CASES = 'ordinary addresses and all valid cases';

export const addressBenchmark: Benchmark = {
  name: 'address',
  about:
    'How many addresses a second one core parses, beside the bare check that programs commonly make do with, on the same texts.',
  figures: [ORDINARY, ALL_CASES].flatMap((mix) => ['parsed', 'parsed as identities'].map((what) => `${mix}: ${what}`)),
  run: async (rounds) => measure(rounds),
};

interface Check {
  readonly name: string;
  accepts(text: string): boolean;
}

const PARSERS: readonly Check[] = [
  { name: 'parsed', accepts: (text) => parseAddress(text, EVERYTHING).valid },
  { name: 'parsed as identities', accepts: (text) => parseIdentityAddress(text).valid },
];
const BASELINE: Check = { name: 'bare regular expression', accepts: (text) => BARE_CHECK.test(text) };

function measure(rounds: number): readonly Figure[] {
  const ordinary = ordinaryAddresses();
  const full = [...ordinary.slice(0, 200), ...validCases()];
  return [...figuresOf(ORDINARY, ordinary, rounds), ...figuresOf(ALL_CASES, full, rounds)];
}

function figuresOf(mix: string, texts: readonly string[], rounds: number): readonly Figure[] {
  const checks = [...PARSERS, BASELINE];
  const perSecond = checks.map((): number[] => []);
  for (const check of checks) ratePerSecond(check, texts);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, check] of checks.entries()) perSecond[i]?.push(ratePerSecond(check, texts));
  }
  const baseline = { name: BASELINE.name, value: median(perSecond[PARSERS.length] ?? []) };
  return PARSERS.map((parser, i) => {
    const value = median(perSecond[i] ?? []);
    const target = `at least ${PARSED_PER_SECOND_MIN.toLocaleString('en')}/s on one core`;
    return {
      name: `${mix}: ${parser.name}`,
      value,
      unit: '1/s',
      baseline,
      target,
      kept: value >= PARSED_PER_SECOND_MIN,
    };
  });
}

/** Goes over all texts again and again. Counts what is accepted, so that no work can be left out as unused. */
function ratePerSecond(check: Check, texts: readonly string[]): number {
  let seen = 0;
  let accepted = 0;
  const start = process.cpuUsage();
  let tookMs = 0;
  while (tookMs < MEASUREMENT_MS_MIN) {
    for (const text of texts) accepted += check.accepts(text) ? 1 : 0;
    seen += texts.length;
    const { user, system } = process.cpuUsage(start);
    tookMs = (user + system) / 1_000;
  }
  if (accepted === 0) throw new Error(`The benchmark's texts are wrong: '${check.name}' accepted none of them.`);
  return (seen / tookMs) * 1_000;
}

function ordinaryAddresses(): readonly string[] {
  const names = [
    'titania',
    'Lola.Juan',
    'iac+reports',
    'agent-7',
    'first.last',
    'build_bot',
    'x',
    'SALES',
    'o',
    'night.watch+eu',
  ];
  const domains = [
    '23blocks.23smartagents.com',
    'agents.thecompanytool.com',
    'Example.org',
    'mail.example.co.uk',
    'a-b.de',
  ];
  return Array.from({ length: 1_000 }, (_, i) => `${names[i % names.length]}${i}@${domains[i % domains.length]}`);
}

/** The addresses of all valid cases, each once. */
function validCases(): readonly string[] {
  const { cases } = JSON.parse(readFileSync(CASES, 'utf8')) as { cases: { address: string; valid: boolean }[] };
  return [...new Set(cases.filter((one) => one.valid).map((one) => one.address))];
}
