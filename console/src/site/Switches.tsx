import { ask } from '../api.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { Table } from '../parts/Table.js';
import { WORDS } from '../words.js';
import type { System } from './system.js';

const { site: words } = WORDS;

const GIGABYTES = new Intl.NumberFormat(undefined, {
  style: 'unit',
  unit: 'gigabyte',
  maximumFractionDigits: 1,
});

/** Whether each is connected, and how fast it answers; what waits, and how much room there is. */
export function Switches() {
  const asked = useAsked(async () => (await ask<System>('GET', '/system')).data);
  return (
    <section class="card" aria-labelledby="switches">
      <h2 id="switches">{words.switches}</h2>
      <Loaded asked={asked}>
        {({ switches, outbox, free_bytes }) => (
          <>
            <Table
              label={words.switches}
              columns={[words.address, words.state, words.latency]}
              naming={words.address}
              rows={switches.map(({ id, connected, ready, embedded, latency_ms }) => ({
                key: id,
                cells: [
                  <>
                    {id} {embedded && <small>{words.embedded}</small>}
                  </>,
                  <span class={ready ? 'state completed' : 'state failed'}>
                    {words.states[ready ? 'ready' : connected ? 'resynchronising' : 'down']}
                  </span>,
                  latency_ms !== undefined && words.latencyOf(latency_ms),
                ],
              }))}
            />
            <p>{words.outbox(outbox)}</p>
            <p>{free_bytes === undefined ? words.unseen : words.disk(GIGABYTES.format(free_bytes / 1e9))}</p>
          </>
        )}
      </Loaded>
      <button type="button" onClick={asked.again}>
        {words.refresh}
      </button>
    </section>
  );
}
