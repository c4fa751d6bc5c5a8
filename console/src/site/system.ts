/** How the service does, as `GET /v2/system` has it. */
export interface System {
  switches: { id: string; connected: boolean; ready: boolean; embedded: boolean; latency_ms?: number }[];
  outbox: number;
  free_bytes?: number;
}
