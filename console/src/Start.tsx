import { ApiError, ask, send } from './api.js';
import { DemoCall } from './DemoCall.js';
import { useAsked } from './parts/asked.js';
import { Loaded } from './parts/Loaded.js';
import { to } from './route.js';
import { isSiteAdmin } from './session.js';
import type { System } from './site/system.js';
import { WORDS } from './words.js';

const { start } = WORDS;

const SOCKET = `<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    <param name="listen-ip" value="127.0.0.1"/>
    <param name="listen-port" value="8021"/>
    <param name="password" value="${start.ownPassword}"/>
  </settings>
</configuration>`;

const RUN = `METAFLOWS_SWITCHES='esl://:password@127.0.0.1:8021' \\
METAFLOWS_RECORDINGS_DIR=/var/lib/freeswitch/recordings/metaflows \\
npm start`;

/** What to do first, and whether it is done. */
export function Start() {
  const ready = useAsked(reasonOfNotReady);
  const system = useAsked(async () =>
    isSiteAdmin.value ? (await ask<System>('GET', '/system')).data : undefined,
  );
  return (
    <>
      <h1>{start.title}</h1>
      <Loaded asked={ready}>
        {({ reason }) => (
          <p class={reason === undefined ? 'note good' : 'note bad'}>
            {reason === undefined ? start.ready : start.notReady(reason)}{' '}
            <button type="button" onClick={ready.again}>
              {start.refresh}
            </button>
          </p>
        )}
      </Loaded>
      {system.value?.switches.some(({ embedded }) => embedded) && <DemoCall />}
      <section class="card" aria-labelledby="connect">
        <h2 id="connect">{start.connectTitle}</h2>
        <ol>
          <li>
            {start.connectSocket}
            <pre tabIndex={0}>{SOCKET}</pre>
          </li>
          <li>{start.connectModules}</li>
          <li>
            {start.connectStart}
            <pre tabIndex={0}>{RUN}</pre>
          </li>
          <li>
            {start.connectCodes} <a href={to('metaflows')}>{start.toMetaflows}</a>
          </li>
        </ol>
        <p>
          <a href="/docs">{start.toApi}</a>
        </p>
      </section>
    </>
  );
}

/** Why the service cannot do its work; nothing where it can. */
async function reasonOfNotReady(): Promise<{ reason?: string }> {
  try {
    await send('GET', '/readyz');
    return {};
  } catch (error) {
    if (error instanceof ApiError && error.status === 503) return { reason: error.message };
    throw error;
  }
}
