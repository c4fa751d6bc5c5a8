import { useState } from 'preact/hooks';
import { ask, send } from './api.js';
import { Problem } from './parts/Problem.js';
import type { Recording } from './recordings/recording.js';
import { to } from './route.js';
import { session } from './session.js';
import { WORDS } from './words.js';

const { demo } = WORDS;

/** The domain of the embedded softswitch. */
const ACCOUNT = 'demo';
/** Milliseconds: long enough that each part can be heard in the recording, and that it is complete after the last. */
const TALK_MS = 1500;
/** What 1002 presses, and what the recording is to be after it. */
const STEPS = [
  ['*71', 'recording'],
  ['*72', 'masked'],
  ['*73', 'recording'],
  ['*74', 'completed'],
] as const;

/** Lets two simulated phones talk, and press the codes, on the embedded softswitch. */
export function DemoCall() {
  const [said, setSaid] = useState<string[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();

  const run = async () => {
    setBusy(true);
    setSaid([]);
    setProblem(undefined);
    const say = (text: string) => setSaid((before) => [...before, text]);
    try {
      const before = await newest();
      const isNew = async (state: Recording['state']) => {
        const recording = await newest();
        return recording !== undefined && recording.id !== before?.id && recording.state === state;
      };
      say(await phone('call', '1001', '1002'));
      try {
        for (const [code, state] of STEPS) {
          const happened = await phone('press', '1002', code);
          const meaning = (await isNew(state)) ? demo.steps[code] : demo.nothing;
          say(`${code}: ${happened}: ${meaning}`);
          await pause();
        }
      } finally {
        say(await phone('hangup', '1001'));
      }
      await pause();
      if (!(await isNew('completed'))) throw new Error(demo.failed);
      say(demo.done);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };

  return (
    <section class="card" aria-labelledby="demo">
      <h2 id="demo">{demo.title}</h2>
      <p>{demo.about}</p>
      {session.value?.shown !== ACCOUNT && <p>{demo.elsewhere}</p>}
      <p class="actions">
        <button type="button" class="primary" disabled={isBusy} onClick={() => void run()}>
          {isBusy ? demo.running : demo.run}
        </button>
        <a href={to('recordings')}>{WORDS.pages.recordings}</a>
      </p>
      <div role="status">
        {said.map((text) => (
          <p key={text}>{text}</p>
        ))}
      </div>
      {problem !== undefined && <Problem of={problem} />}
    </section>
  );
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TALK_MS));
}

/** The last recording that 1002 began. */
async function newest(): Promise<Recording | undefined> {
  const path = `/accounts/${ACCOUNT}/users/1002/recordings?page_size=1`;
  return (await ask<Recording[]>('GET', path)).data[0];
}

/** What happened. */
async function phone(action: string, ...args: string[]): Promise<string> {
  const response = await send('POST', `/phones/${action}`, {
    body: JSON.stringify({ arguments: args }),
    headers: { 'Content-Type': 'application/json' },
  });
  return ((await response.json()) as { happened: string }).happened;
}
