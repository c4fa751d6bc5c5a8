import { ask } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { to } from '../route.js';
import { isAdmin, mayWrite } from '../session.js';
import { WORDS } from '../words.js';
import { isRunning, type Recording } from './recording.js';

const { keeping: words } = WORDS;

interface Props {
  recording: Recording;
  path: string;
  changed: () => void;
}

/** Holding it, and deleting it. */
export function Keeping({ recording, path, changed }: Props) {
  const { legal_hold: isHeld = false } = recording;
  if (!mayWrite.value) return null;
  return (
    <section class="card" aria-labelledby="keeping">
      <h2 id="keeping">{words.title}</h2>
      <p>{isHeld ? words.held : words.free}</p>
      <div class="actions">
        {isAdmin.value && (
          <ActButton act={() => ask(isHeld ? 'DELETE' : 'PUT', `${path}/hold`)} done={changed}>
            {isHeld ? words.release : words.hold}
          </ActButton>
        )}
        {!isHeld && !isRunning(recording) && (
          <ActButton
            question={words.sure}
            act={() => ask('DELETE', path)}
            done={() => (location.hash = to('recordings'))}
          >
            {words.delete}
          </ActButton>
        )}
      </div>
    </section>
  );
}
