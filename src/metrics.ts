/** What `/metrics` tells. Never digits or users: a label is one of few values that the service itself makes. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds: a command is answered within a millisecond or so on a quiet switch; 10 s is longer than any timeout. */
const LATENCY_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted anew each time somebody looks. */
export interface Gauges {
  /** Bridged calls. */
  calls(): number;
  /** Running recordings by state. */
  recordings(): Record<'recording' | 'masked', number>;
  /** Open connections by switch. */
  switchConnections(): Record<string, number>;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #codesMatched = this.#counter('codes_matched_total', 'Feature codes that ran.', 'module');
  readonly #codesRefused = this.#counter('codes_refused_total', 'Feature codes that were refused.', 'reason');
  readonly #recordingsEnded = this.#counter('recordings_ended_total', 'Recordings that ended.', 'state');
  readonly #eventsDropped = this.#counter('events_dropped_total', 'Switch events not understood.', 'reason');
  readonly #httpRequests = this.#counter('http_requests_total', 'HTTP requests.', 'method', 'status');
  readonly #commandSeconds = new Histogram({
    name: 'metaflows_command_seconds',
    help: 'Time from writing a command to the switch to its reply.',
    labelNames: ['command'],
    buckets: LATENCY_BUCKETS,
    registers: [this.#registry],
  });

  /** That of each command, found once: the switch is given thousands a second. */
  readonly #secondsOf = new Map<string, ReturnType<Histogram['labels']>>();

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
    this.#gauge('switch_connections', 'Open connections to switches.', ['switch'], (gauge) => {
      for (const [name, count] of Object.entries(gauges.switchConnections())) {
        gauge.set({ switch: name }, count);
      }
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
    return new Counter({ name: `metaflows_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void): void {
    new Gauge({
      name: `metaflows_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        this.reset();
        read(this);
      },
    });
  }
}
