import { useState } from 'preact/hooks';
import type { Metaflows } from '../../../src/generated/metaflows.js';
import { WORDS } from '../words.js';
import { Faults } from './Faults.js';
import { parsed } from './parsed.js';

const { metaflows: words } = WORDS;

interface Props {
  metaflows: Metaflows;
  /** Of the file. */
  name: string;
  faultsOf: (value: unknown) => string[];
  isReadOnly: boolean;
  onChange: (metaflows: Metaflows) => void;
}

/** The plain JSON that one would POST, as a file. */
export function Files({ metaflows, name, faultsOf, isReadOnly, onChange }: Props) {
  const [faults, setFaults] = useState<string[]>([]);
  const take = async (file: File) => {
    const result = parsed(await file.text(), faultsOf);
    setFaults(result.faults);
    if (result.value) onChange(result.value);
  };
  return (
    <section class="card" aria-labelledby="files">
      <h2 id="files">{words.files}</h2>
      <div class="filters">
        <button type="button" onClick={() => save(`${name}.json`, { data: metaflows })}>
          {words.export}
        </button>
        {!isReadOnly && (
          <label>
            {words.import}
            <input
              type="file"
              accept="application/json,.json"
              onChange={({ currentTarget: { files } }) => {
                const [file] = files ?? [];
                if (file) void take(file);
              }}
            />
          </label>
        )}
      </div>
      <Faults id="file-faults" faults={faults} />
    </section>
  );
}

function save(name: string, value: object): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
