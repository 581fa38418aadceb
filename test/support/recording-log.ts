// A Log that keeps what it was told, so that a test can ask what was said.
import type { Log, LogFields } from '../../node/log.ts';

export interface LoggedEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

export class RecordingLog implements Log {
  readonly events: LoggedEvent[] = [];
  info(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'info', event, fields });
  }
  warn(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'warn', event, fields });
  }
  error(event: string, fields: LogFields = {}): void {
    this.events.push({ level: 'error', event, fields });
  }
  named(event: string): readonly LoggedEvent[] {
    return this.events.filter((entry) => entry.event === event);
  }
}
