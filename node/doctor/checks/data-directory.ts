// The data directory: whether it is this user's alone, can be written, and was written by a version that this program reads.
import { accessSync, closeSync, constants, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { directoryFault, fileFault } from '../../machine/own-files.ts';
import { APPLICATION_ID, FORMAT_VERSION, FORMATS_READ } from '../../store/schema.ts';
import type { Examination } from '../examination.ts';
import { type Finding, word } from '../fault.ts';

const CHECK = 'data-directory';
/** In the header of a SQLite file (sqlite.org/fileformat2.html, 1.3). */
const HEADER_BYTES = 100;
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;
const OURS = /^(?:mesh\.|host-key\.pem)/;

export function checkDataDirectory({ directory, user }: Examination): readonly Finding[] {
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  // The first start makes it.
  if (stats === undefined) return [];
  const owner = user === 0 ? stats.uid : (user ?? stats.uid);
  const names = stats.isDirectory() ? ourFilesIn(directory) : [];
  const faults = [
    [directory, directoryFault(directory, stats, owner)] as const,
    ...names.map((name) => {
      const path = join(directory, name);
      return [path, fileFault(path, lstatSync(path), owner)] as const;
    }),
  ];
  const foreign = faults.flatMap(([path, fault]) => (fault === undefined ? [] : [foreignFile(path, fault, owner)]));
  const isReadable = names.includes('mesh.sqlite') && foreign.length === 0;
  return [...foreign, ...writable(directory), ...(isReadable ? newer(directory) : [])];
}

function ourFilesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => OURS.test(name));
  } catch {
    // A directory of somebody else, or one that may not be read: that is said of the directory itself.
    return [];
  }
}

function foreignFile(path: string, fault: string, owner: number): Finding {
  return {
    check: CHECK,
    what: `${path} ${fault.replace(/\. If nobody.*$/, '')}.`,
    meaning: 'The node does not start with it: whoever may write there chooses what the node reads.',
    mend: `chown ${owner} ${word(path)} && chmod go-w ${word(path)}`,
  };
}

function writable(directory: string): readonly Finding[] {
  try {
    accessSync(directory, constants.W_OK);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isReadOnly = code === 'EROFS';
    return [
      {
        check: CHECK,
        what: isReadOnly
          ? `The disk of the data directory ${directory} is mounted read-only.`
          : `This user may not write the data directory ${directory} (${code}).`,
        meaning: 'The node can keep nothing: it does not start, and one that runs stops at its next change.',
        mend: isReadOnly
          ? `mount -o remount,rw "$(findmnt -n -o TARGET -T ${word(directory)})"`
          : `chmod u+w ${word(directory)}`,
        ...(isReadOnly
          ? { where: 'here, as root; a disk that turned read-only by itself may be failing (dmesg)' }
          : {}),
      },
    ];
  }
}

function newer(directory: string): readonly Finding[] {
  const file = join(directory, 'mesh.sqlite');
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  const form = header.readUInt32BE(USER_VERSION_AT);
  const isOurs = header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID;
  if (!isOurs || FORMATS_READ.includes(form)) return [];
  return [
    {
      check: CHECK,
      what: `${file} was written by a newer version of this program: its form is ${form}, and this version reads up to ${FORMAT_VERSION}.`,
      meaning: 'This version does not start with it, and changes nothing of it.',
      mend: 'git pull && npm install',
      where: 'in the clone of this program, then start the node again',
    },
  ];
}
