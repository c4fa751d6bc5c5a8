import { useState } from 'preact/hooks';
import { to } from '../route.js';
import { WORDS } from '../words.js';
import type { Scope } from './Metaflows.js';

const { metaflows: words } = WORDS;

export function ScopePicker({ scope }: { scope: Scope }) {
  const [level, setLevel] = useState(scope.level);
  const [id, setId] = useState(scope.id);
  const [device, setDevice] = useState(scope.device ?? '');
  const open = () => {
    const of = level === 'user' && device !== '' ? ['devices', device] : [];
    location.hash = level === 'account' ? to('metaflows') : to('metaflows', `${level}s`, id, ...of);
  };
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        open();
      }}
    >
      <label>
        {words.of}
        <select value={level} onChange={(event) => setLevel(event.currentTarget.value as Scope['level'])}>
          {Object.entries(words.levels).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {level !== 'account' && (
        <label>
          {words.levels[level]}
          <input required value={id} onInput={(event) => setId(event.currentTarget.value)} />
        </label>
      )}
      {level === 'user' && (
        <label>
          {words.onDevice}
          <input
            value={device}
            placeholder={words.onDeviceHelp}
            onInput={(event) => setDevice(event.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit">{words.open}</button>
    </form>
  );
}
