import { useState } from 'preact/hooks';
import { EditorForm } from '../parts/EditorForm.js';
import { useUnsaved } from '../route.js';
import { WORDS } from '../words.js';
import type { Draft } from './Editor.js';
import { NodeEditor } from './NodeEditor.js';
import type { Module } from './schema.js';

const { metaflows: words } = WORDS;

interface Props {
  draft: Draft;
  modules: Record<string, Module>;
  /** Whether there is such a code already, which would be replaced. */
  isTaken: (code: Pick<Draft, 'kind' | 'name'>) => boolean;
  /** Whether it cannot be applied for now. */
  isBlocked: boolean;
  done: (draft: Draft) => void;
  cancel: () => void;
}

/** One code: what is pressed, and what it does. */
export function CodeEditor({ draft, modules, isTaken, isBlocked, done, cancel }: Props) {
  const [kind, setKind] = useState(draft.kind);
  const [name, setName] = useState(draft.name);
  const [node, setNode] = useState(draft.node);
  const taken = isTaken({ kind, name });
  useUnsaved(JSON.stringify({ kind, name, node }) !== JSON.stringify(draft));
  return (
    <EditorForm
      title={words.editor}
      apply={words.apply}
      isBlocked={taken || isBlocked}
      done={() => done({ kind, name, node })}
      cancel={cancel}
    >
      <div class="fields">
        <label>
          {words.kind}
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as Draft['kind'])}>
            {Object.entries(words.kinds).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.code}
          <input
            required
            autofocus
            value={name}
            pattern={kind === 'number' ? '[0-9*#]{1,16}' : undefined}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <small>{words.codeHelp[kind]}</small>
        </label>
      </div>
      <p role="status">{taken && words.taken}</p>
      <NodeEditor node={node} modules={modules} onChange={setNode} />
    </EditorForm>
  );
}
