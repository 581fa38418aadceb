// `mesh doctor` as it is typed: the flags are those of `mesh start`, for it looks at what that one would be started with.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Command, Option } from 'commander';
import { MeshError } from '../../mesh/errors.ts';
import type { Paint } from '../cli/report.ts';
import { visible, visibleIn } from '../machine/visible-text.ts';
import { readConfig } from '../settings.ts';
import { mistaken } from './checks/settings.ts';
import { type Diagnosis, examine, type Patient } from './doctor.ts';
import type { Finding } from './fault.ts';

/** Where it is said. */
export interface DoctorTerminal {
  readonly url: string;
  readonly stop: AbortSignal;
  readonly paint: Paint;
  print(text: string): void;
  printJson(value: unknown): void;
  wait(): () => void;
  end(code: number): void;
}

export interface DoctorSettings {
  /** Flags of the settings, for the command line. */
  readonly options: readonly Option[];
  /** What was typed for them, by the names of the settings. */
  readonly flagsOf: (command: Command) => Parameters<typeof readConfig>[0];
  /** The environment with what mesh.env adds. Throws a `MeshError` when that can't be read. */
  readonly environmentOf: (flags: Parameters<typeof readConfig>[0]) => Parameters<typeof readConfig>[1];
  readonly version: string;
}

export function addDoctorCommand(program: Command, terminal: DoctorTerminal, settings: DoctorSettings): void {
  const doctor = program
    .command('doctor')
    .description('look at this host and its mesh, and say what is wrong, what that means, and how it is mended')
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nIt takes the settings of the node, as flags or from the environment, works whether the node runs or not, and changes nothing. Exit code 1: something was found.',
    );
  for (const option of settings.options) doctor.addOption(option);
  doctor.action(async ({ json }: { readonly json?: true }, command: Command) => {
    const done = terminal.wait();
    const diagnosis = visibleIn(await diagnose(terminal, settings, settings.flagsOf(command))) as Diagnosis;
    done();
    const { findings, asked } = diagnosis;
    const ok = findings.length === 0;
    if (json) terminal.printJson({ ok, findings, asked });
    else terminal.print(report(diagnosis, terminal.paint));
    if (!ok) terminal.end(1);
  });
}

async function diagnose(
  { url, stop }: DoctorTerminal,
  { environmentOf, version }: DoctorSettings,
  flags: Parameters<typeof readConfig>[0],
): Promise<Diagnosis> {
  let patient: Patient;
  try {
    const { config, secrets } = readConfig(flags, environmentOf(flags));
    const token = (secrets.token ?? secrets.readToken)?.reveal();
    patient = {
      ...{ config, secrets, flags, version, token, url, stop, hostName: hostname() },
      ...{ hostsFile: resolve(config.hostsFile), directory: resolve(config.dataDirectory) },
    };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return { findings: [mistaken(error.message)], asked: [] };
  }
  return examine(patient);
}

/** For a person. */
function report({ findings, asked }: Diagnosis, paint: Paint): string {
  const looked = asked.length === 0 ? '' : ` Asked: ${asked.map(visible).join(', ')}.`;
  if (findings.length === 0) return `${paint.good('Nothing is wrong.')}${looked}`;
  const count = findings.length === 1 ? '1 finding.' : `${findings.length} findings.`;
  return [...findings.map((finding) => said(finding, paint)), `${paint.bad(count)}${looked}`].join('\n\n');
}

function said({ check, what, meaning, mend, where }: Finding, paint: Paint): string {
  return [
    `${paint.bad(check)}: ${what}`,
    `  ${meaning}`,
    `  Mend it${where === undefined ? '' : ` (${where})`}:`,
    `    ${mend}`,
  ].join('\n');
}
