import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Metaflows } from '../../../src/generated/metaflows.js';
import { expire, press, UNARMED, type CollectorState, type Step } from '../../../src/metaflows/collector.js';
import { compile } from '../../../src/metaflows/compile.js';
import { WORDS } from '../words.js';
import { meaningOf } from './meaning.js';

const { keypad: words } = WORDS;

const KEYS = Array.from('123456789*0#');

/** Pressed as on a telephone, by the service's own matching, and nothing happens. */
export function Keypad({ metaflows }: { metaflows: Metaflows }) {
  const compiled = useMemo(() => compile(metaflows), [metaflows]);
  const [state, setState] = useState<CollectorState>(UNARMED);
  const [pressed, setPressed] = useState('');
  const [said, setSaid] = useState('');

  const take = (step: Step, keys: string, waited: boolean) => {
    setState(step.state);
    setPressed(step.state.armed ? keys : '');
    const [match] = step.fired;
    if (match) setSaid(words.fires(keys, meaningOf(match.node), waited ? compiled.digitTimeoutMs : 0));
    else if (step.state.armed) setSaid(words.waiting(keys));
    else setSaid(words.nothing(keys));
  };
  const down = (key: string) => {
    const keys = key === compiled.bindingDigit ? key : pressed + key;
    take(press(state, compiled, key, performance.now()), keys, false);
  };
  useEffect(() => {
    if (!state.armed) return undefined;
    const timer = setTimeout(
      () => take(expire(state, compiled, state.until), pressed, true),
      state.until - performance.now(),
    );
    return () => clearTimeout(timer);
  }, [state]);

  return (
    <section class="card" aria-labelledby="keypad">
      <h2 id="keypad">{words.title}</h2>
      <p>{words.about}</p>
      <div
        class="keypad"
        role="group"
        tabIndex={0}
        aria-labelledby="keypad"
        onKeyDown={(event) => {
          if (KEYS.includes(event.key)) down(event.key);
        }}
      >
        {KEYS.map((key) => {
          // What this key would do now.
          const { state: next, fired } = press(state, compiled, key, 0);
          const [match] = fired;
          return (
            <button key={key} type="button" onClick={() => down(key)}>
              {key}
              <small>{match ? meaningOf(match.node) : next.armed ? words.more : ''}</small>
            </button>
          );
        })}
      </div>
      <p role="status">{said}</p>
    </section>
  );
}
