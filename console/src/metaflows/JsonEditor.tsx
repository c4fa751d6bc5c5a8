import { useEffect, useState } from 'preact/hooks';
import type { Metaflows } from '../../../src/generated/metaflows.js';
import { WORDS } from '../words.js';
import { Faults } from './Faults.js';
import { parsed } from './parsed.js';

const { metaflows: words } = WORDS;

interface Props {
  metaflows: Metaflows;
  faultsOf: (value: unknown) => string[];
  isReadOnly: boolean;
  /** undefined: what is written there is not valid. */
  onChange: (metaflows: Metaflows | undefined) => void;
}

/** The JSON itself, judged while it is typed. */
export function JsonEditor({ metaflows, faultsOf, isReadOnly, onChange }: Props) {
  const [text, setText] = useState(() => JSON.stringify(metaflows, null, 2));
  const result = parsed(text, faultsOf);
  useEffect(() => {
    if (JSON.stringify(result.value) !== JSON.stringify(metaflows))
      setText(JSON.stringify(metaflows, null, 2));
  }, [metaflows]);
  return (
    <section class="card" aria-labelledby="json">
      <h2 id="json">{words.json}</h2>
      <textarea
        rows={14}
        spellcheck={false}
        aria-labelledby="json"
        aria-invalid={result.faults.length > 0}
        aria-describedby="json-faults"
        readOnly={isReadOnly}
        value={text}
        onInput={(event) => {
          const given = event.currentTarget.value;
          setText(given);
          onChange(parsed(given, faultsOf).value);
        }}
      />
      <Faults id="json-faults" faults={result.faults} />
    </section>
  );
}
