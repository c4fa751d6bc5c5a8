import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ask, inAccount } from '../api.js';
import type { Notice } from '../calls/live.js';
import { useAsked } from '../parts/asked.js';
import { Loaded } from '../parts/Loaded.js';
import { to } from '../route.js';
import { follow } from '../stream.js';
import { dateOf, durationOf, fromGregorian, now } from '../time.js';
import { WORDS } from '../words.js';
import { AuditTrail } from './AuditTrail.js';
import { Delivery } from './Delivery.js';
import { Keeping } from './Keeping.js';
import { Player } from './Player.js';
import { isRunning, lengthOf, type Recording } from './recording.js';
import { partiesOf } from './RecordingTable.js';
import { Told } from './Told.js';
import { Transcript } from './Transcript.js';

const { recordings: words } = WORDS;

export function RecordingPage({ id }: { id: string }) {
  const path = inAccount('recordings', id);
  const asked = useAsked(async () => (await ask<Recording>('GET', path)).data, [path]);
  useEffect(() => {
    const ending = new AbortController();
    const follower = {
      take: ({ recording }: Notice) => {
        if (recording?.id === id) asked.again();
      },
      reset: asked.again,
      connected: () => undefined,
      lost: () => undefined,
    };
    void follow(follower, ending.signal);
    return () => ending.abort();
  }, []);
  /** What is done to it is in its audit trail. */
  const [done, setDone] = useState(0);
  /** Milliseconds. */
  const at = useSignal(0);
  const [seek, setSeek] = useState<(ms: number) => void>();
  const changed = () => {
    setDone((before) => before + 1);
    asked.again();
  };
  return (
    <>
      <p>
        <a href={to('recordings')}>{words.back}</a>
      </p>
      <Loaded asked={asked}>
        {(recording) => (
          <>
            <div class="heading">
              <h1>{partiesOf(recording)}</h1>
              <span class={`state ${recording.state}`}>{words.states[recording.state]}</span>
              {recording.legal_hold && <span class="state masked">{words.held}</span>}
            </div>
            <p>
              {dateOf(fromGregorian(recording.start))} · {durationOf(lengthOf(recording, now.value))} ·{' '}
              {recording.name}
              {recording.label !== undefined && ` · ${recording.label}`}
            </p>
            {isRunning(recording) ? (
              <p class="note">{words.running}</p>
            ) : (
              <Player
                recording={recording}
                path={path}
                at={at}
                onLoaded={(given) => {
                  setSeek(() => given);
                  setDone((before) => before + 1);
                }}
              />
            )}
            <Transcript recording={recording} path={path} at={at} seek={seek} changed={changed} />
            <Delivery recording={recording} path={path} />
            <Told recording={recording} />
            <Keeping recording={recording} path={path} changed={changed} />
            <AuditTrail path={path} done={done} />
          </>
        )}
      </Loaded>
    </>
  );
}
