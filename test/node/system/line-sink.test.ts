// What is printed while nobody reads, or while the disk is full: over a real pipe, whose room is the system's.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type LineSinkOptions, openLineSink } from '../../../node/system/line-sink.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

/** A pipe as a process has it: the writer's end does not wait. */
function pipe() {
  const directory = mkdtempSync(join(tmpdir(), 'mesh-pipe-'));
  undo.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  undo.push(() => closeSync(fd));
  const closeReader = () => closeSync(reader);
  /** What is in the pipe now. */
  const read = () => {
    const buffer = Buffer.alloc(65_536);
    let text = '';
    try {
      for (let got = readSync(reader, buffer); got > 0; got = readSync(reader, buffer))
        text += buffer.toString('latin1', 0, got);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    return text;
  };
  return { fd, read, closeReader };
}

const options: LineSinkOptions = { missing: (lines) => `missing ${lines}\n`, waitingBytesMax: 100_000, retryMs: 1 };
const LINE = `${'x'.repeat(999)}\n`;

describe('lines that nobody reads', () => {
  it('keep nobody waiting; what fits comes when they are read, and the number of the others after it', async () => {
    const { fd, read, closeReader } = pipe();
    undo.push(closeReader);
    const sink = openLineSink({ fd }, options);
    for (let at = 0; at < 1_000; at += 1) sink.write(LINE);
    let text = '';
    const readOn = () => {
      text += read();
      return text;
    };
    await expect.poll(readOn).toContain('missing');
    sink.write('after\n');
    text += read();
    const lines = text.split('\n').slice(0, -1);
    const whole = lines.filter((line) => `${line}\n` === LINE).length;
    expect(whole).toBeGreaterThan(100);
    expect(lines.slice(whole)).toEqual([`missing ${1_000 - whole}`, 'after']);
  });

  it('are dropped when the reader is gone', () => {
    const { fd, closeReader } = pipe();
    const sink = openLineSink({ fd }, options);
    closeReader();
    for (let at = 0; at < 1_000; at += 1) sink.write(LINE);
  });

  it('are dropped when the disk is full', () => {
    const fd = openSync('/dev/full', 'w');
    undo.push(() => closeSync(fd));
    const sink = openLineSink({ fd }, options);
    for (let at = 0; at < 1_000; at += 1) sink.write(LINE);
  });

  it('are dropped when there is nothing to write to', () => {
    const sink = openLineSink({ fd: 987_654 }, options);
    sink.write(LINE);
  });
});

describe('a line', () => {
  it('shows what would steer a terminal', () => {
    const { fd, read, closeReader } = pipe();
    undo.push(closeReader);
    openLineSink({ fd }, options).write('a\x1b[2J\u009b\u202e\n');
    expect(read()).toBe('a\\u001b[2J\\u009b\\u202e\n');
  });
});
