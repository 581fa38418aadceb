// The public cases this parser is measured on; their sources and licences stand in the files.
import { readFileSync } from 'node:fs';
import type { AddressOptions } from '../../../mesh/address/options.ts';

export interface ValidatorCase {
  readonly address: string;
  readonly options: AddressOptions;
  readonly valid: boolean;
  /** By our names; absent ones are not asserted. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
  /** The beginning of the error. */
  readonly errorPrefix: string | undefined;
}

export interface IsemailCase {
  readonly id: number;
  readonly address: string;
  readonly expect: { readonly ordinary: boolean; readonly rfc5321: boolean };
}

export function validatorCases(): readonly ValidatorCase[] {
  return casesOf('python-email-validator').map((one) => ({
    address: one.address as string,
    options: inCamelCase(one.options),
    valid: one.valid as boolean,
    fields: inCamelCase(one.fields),
    error: one.error as string | undefined,
    errorPrefix: one.error_prefix as string | undefined,
  }));
}

export function isemailCases(file: 'isemail-tests' | 'skeggse-isemail'): readonly IsemailCase[] {
  return casesOf(file) as unknown as readonly IsemailCase[];
}

function casesOf(name: string): readonly Readonly<Record<string, unknown>>[] {
  const text = readFileSync(new URL(`../../data/${name}.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { cases: Record<string, unknown>[] }).cases;
}

function inCamelCase(record: unknown): Record<string, unknown> {
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [camel(name), value]));
}
