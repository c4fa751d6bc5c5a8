import { useState } from 'preact/hooks';
import type { MetaflowNode, Metaflows } from '../../../src/generated/metaflows.js';
import type { Code, Levels } from '../../../src/metaflows/codes.js';
import { merge } from '../../../src/metaflows/merge.js';
import { ask } from '../api.js';
import { ActButton } from '../parts/ActButton.js';
import { SchemaForm } from '../parts/SchemaForm.js';
import { useUnsaved } from '../route.js';
import { isAdmin, mayWrite } from '../session.js';
import { WORDS } from '../words.js';
import { CodeEditor } from './CodeEditor.js';
import { CodeTable } from './CodeTable.js';
import { Files } from './Files.js';
import { JsonEditor } from './JsonEditor.js';
import { Keypad } from './Keypad.js';
import type { Inherited, Scope } from './Metaflows.js';
import type { MetaflowsSchema } from './schema.js';

const { metaflows: words } = WORDS;

interface Props {
  scope: Scope;
  path: string;
  schema: MetaflowsSchema;
  /** As they are stored. */
  own: Metaflows;
  inherited: Inherited;
  saved: () => void;
}

/** A code that is being written: its name as it was, and its node. */
export interface Draft {
  kind: Code['kind'];
  /** Without the binding digit; empty: a new one. */
  name: string;
  node: MetaflowNode;
}

export function Editor({ scope, path, schema, own, inherited, saved }: Props) {
  const [metaflows, setMetaflows] = useState(own);
  const [draft, setDraft] = useState<Draft>();
  /** Whether what is written as JSON is not valid: nothing else is changed meanwhile, which would replace it. */
  const [isBroken, setBroken] = useState(false);
  const isReader = !mayWrite.value || (scope.level !== 'user' && !isAdmin.value);
  const isReadOnly = isReader || isBroken;
  const isChanged = JSON.stringify(metaflows) !== JSON.stringify(own);
  const levels: Levels = { ...inherited, [scope.level]: metaflows };
  const merged = merge(levels.account, levels.device, levels.user);
  const hindrance = isBroken ? words.broken : draft && words.unapplied;
  useUnsaved(isChanged || isBroken);

  const put = ({ kind, name, node }: Draft, before?: Draft) => {
    const key = `${kind}s` as const;
    const all = { ...metaflows, [key]: { ...metaflows[key], [name]: node } };
    setMetaflows(before && (before.name !== name || before.kind !== kind) ? without(all, before) : all);
    setDraft(undefined);
  };
  const revert = () => {
    // A copy, as the JSON is written anew for what is new.
    setMetaflows({ ...own });
    setBroken(false);
    setDraft(undefined);
  };

  return (
    <>
      {scope.level !== 'account' && !inherited.account && <p class="note">{words.unseen}</p>}
      {(isChanged || isBroken) && (
        <div class="note changed" role="status">
          {words.changed} {hindrance}
          <span class="actions">
            <ActButton
              act={() => ask('POST', path, metaflows)}
              done={saved}
              isBlocked={hindrance !== undefined}
            >
              {words.save}
            </ActButton>
            <button type="button" class="quiet" onClick={revert}>
              {words.revert}
            </button>
          </span>
        </div>
      )}
      <CodeTable
        levels={levels}
        level={scope.level}
        merged={merged}
        isReadOnly={isReadOnly}
        edit={setDraft}
        remove={(code) => setMetaflows(without(metaflows, code))}
      />
      {draft && (
        <CodeEditor
          key={`${draft.kind} ${draft.name}`}
          draft={draft}
          modules={schema.modules}
          isBlocked={isBroken}
          isTaken={({ kind, name }) =>
            (kind !== draft.kind || name !== draft.name) && Object.hasOwn(metaflows[`${kind}s`] ?? {}, name)
          }
          done={(after) => put(after, draft.name === '' ? undefined : draft)}
          cancel={() => setDraft(undefined)}
        />
      )}
      <div class="columns">
        <Keypad metaflows={merged} key={JSON.stringify(merged)} />
        <section class="card" aria-labelledby="settings">
          <h2 id="settings">{words.settings}</h2>
          <SchemaForm
            properties={schema.properties}
            values={metaflows as Record<string, unknown>}
            isReadOnly={isReadOnly}
            onChange={(values) => setMetaflows(values)}
          />
        </section>
      </div>
      <JsonEditor
        metaflows={metaflows}
        faultsOf={schema.faultsOf}
        isReadOnly={isReader}
        onChange={(given) => {
          setBroken(given === undefined);
          if (given) setMetaflows(given);
        }}
      />
      <Files
        metaflows={metaflows}
        name={scope.level === 'account' ? 'account' : scope.id}
        faultsOf={schema.faultsOf}
        isReadOnly={isReadOnly}
        onChange={setMetaflows}
      />
    </>
  );
}

function without(metaflows: Metaflows, { kind, name }: Pick<Draft, 'kind' | 'name'>): Metaflows {
  const key = `${kind}s` as const;
  const { [name]: gone, ...others } = metaflows[key] ?? {};
  return { ...metaflows, [key]: others };
}
