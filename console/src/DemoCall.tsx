import { useState } from 'preact/hooks';
import { send } from './api.js';
import { Problem } from './parts/Problem.js';
import { to } from './route.js';
import { session } from './session.js';
import { WORDS } from './words.js';

const { demo } = WORDS;

/** The domain of the embedded softswitch. */
const ACCOUNT = 'demo';
/** Milliseconds: long enough that each part can be heard in the recording. */
const TALK_MS = 1500;

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
      say(await phone('call', '1001', '1002'));
      for (const [code, meaning] of Object.entries(demo.steps)) {
        await phone('press', '1002', code);
        say(`${code}: ${meaning}`);
        await new Promise((resolve) => setTimeout(resolve, TALK_MS));
      }
      say(await phone('hangup', '1001'));
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

/** What happened. */
async function phone(action: string, ...args: string[]): Promise<string> {
  const response = await send('POST', `/phones/${action}`, {
    body: JSON.stringify({ arguments: args }),
    headers: { 'Content-Type': 'application/json' },
  });
  return ((await response.json()) as { happened: string }).happened;
}
