/** What `/metrics` tells. Never digits or users: a label is one of few values that the service itself makes. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ERRORS } from './errors.js';

/** Seconds: a command is answered within a millisecond or so on a quiet switch; 10 s is longer than any timeout. */
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted anew each time somebody looks. */
export interface Gauges {
  /** Bridged calls. */
  calls(): number;
  /** Running recordings by state. */
  recordings(): Record<'recording' | 'masked', number>;
  /** 1 or 0 by switch. */
  switchConnections(): Record<string, number>;
  /** As /readyz has it. */
  ready(): boolean;
  /** Uploads, webhooks and texts that this instance has to send. */
  outbox(): number;
  /** Bytes; undefined where the recordings folder is not to be seen from here. */
  freeBytes(): number | undefined;
}

/** What a metric is, to people. */
export interface Described {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: string[];
}

export class Metrics {
  /** All that there are; the gauges once they are read. */
  readonly described: Described[] = [];
  readonly #registry = new Registry();
  readonly #codesMatched = this.#counter('codes_matched_total', 'Feature codes that ran.', 'module');
  readonly #codesRefused = this.#counter(
    'codes_refused_total',
    'Feature codes that were refused, or failed.',
    'reason',
  );
  readonly #recordingsEnded = this.#counter('recordings_ended_total', 'Recordings that ended.', 'state');
  readonly #eventsDropped = this.#counter('events_dropped_total', 'Switch events not understood.', 'reason');
  readonly #httpRequests = this.#counter('http_requests_total', 'HTTP requests.', 'method', 'status');
  readonly #commandSeconds = new Histogram({
    ...this.#describe(
      'histogram',
      'command_seconds',
      'Time from writing a command to the switch to its reply.',
      ['command'],
    ),
    buckets: LATENCY_BUCKETS,
  });

  /** That of each command, found once: the switch is given thousands a second. */
  readonly #secondsOf = new Map<string, ReturnType<Histogram['labels']>>();

  constructor() {
    // What Prometheus first sees at 1 has not increased for it, and rings no alarm.
    for (const state of ['completed', 'discarded', 'failed'] as const)
      this.#recordingsEnded.inc({ state }, 0);
    const failures = Object.entries(ERRORS).filter(([, { status }]) => status >= 500);
    for (const [reason] of [...failures, ['internal']]) this.#codesRefused.inc({ reason }, 0);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Has these gauges read from now on; once only. */
  watch(gauges: Gauges): void {
    this.#gauge('calls', 'Bridged calls.', [], (gauge) => gauge.set(gauges.calls()));
    this.#gauge('recordings', 'Running recordings.', ['state'], (gauge) => {
      for (const [state, count] of Object.entries(gauges.recordings())) gauge.set({ state }, count);
    });
    this.#gauge('switch_connections', '1 while the switch is connected.', ['switch'], (gauge) => {
      for (const [name, count] of Object.entries(gauges.switchConnections())) {
        gauge.set({ switch: name }, count);
      }
    });
    this.#gauge('ready', '1 while /readyz says so.', [], (gauge) => gauge.set(Number(gauges.ready())));
    this.#gauge('outbox', 'Uploads, webhooks and texts that this instance has to send.', [], (gauge) =>
      gauge.set(gauges.outbox()),
    );
    this.#gauge('free_bytes', 'Room on the disk of the recordings, where it is seen.', [], (gauge) => {
      const free = gauges.freeBytes();
      if (free === undefined) gauge.remove();
      else gauge.set(free);
    });
  }

  codeMatched(module: string): void {
    this.#codesMatched.inc({ module });
  }

  /** `reason` is a stable error code. */
  codeRefused(reason: string): void {
    this.#codesRefused.inc({ reason });
  }

  recordingEnded(state: 'completed' | 'discarded' | 'failed'): void {
    this.#recordingsEnded.inc({ state });
  }

  eventDropped(reason: 'unknown' | 'malformed'): void {
    this.#eventsDropped.inc({ reason });
  }

  /** `command` is its name alone, such as `uuid_record`. */
  commandTook(command: string, seconds: number): void {
    let of = this.#secondsOf.get(command);
    if (!of) this.#secondsOf.set(command, (of = this.#commandSeconds.labels(command)));
    of.observe(seconds);
  }

  httpRequest(method: string, status: number): void {
    this.#httpRequests.inc({ method, status });
  }

  #counter(name: string, help: string, ...labelNames: string[]): Counter {
    return new Counter(this.#describe('counter', name, help, labelNames));
  }

  #gauge(name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void): void {
    new Gauge({
      ...this.#describe('gauge', name, help, labelNames),
      collect() {
        this.reset();
        read(this);
      },
    });
  }

  #describe(type: Described['type'], suffix: string, help: string, labels: string[]) {
    const name = `metaflows_${suffix}`;
    this.described.push({ name, type, help, labels });
    return { name, help, labelNames: labels, registers: [this.#registry] };
  }
}
