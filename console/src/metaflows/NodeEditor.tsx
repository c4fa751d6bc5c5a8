import type { MetaflowNode } from '../../../src/generated/metaflows.js';
import { SchemaForm } from '../parts/SchemaForm.js';
import { WORDS } from '../words.js';
import type { Module } from './schema.js';

const { metaflows: words } = WORDS;

interface Props {
  node: MetaflowNode;
  modules: Record<string, Module>;
  onChange: (node: MetaflowNode) => void;
}

/** What is done: a module with its data, and what is done after it. */
export function NodeEditor({ node, modules, onChange }: Props) {
  const { data = {}, goesOn = false } = modules[node.module] ?? {};
  const next = node.module === 'record_call' ? node.children?._ : undefined;
  const goOn = (child: MetaflowNode | undefined) => {
    const { children, ...alone } = node;
    onChange(child ? { ...alone, children: { _: child } } : alone);
  };
  return (
    <>
      <div class="fields">
        <label>
          {words.does}
          <select
            value={node.module}
            onChange={(event) => onChange({ module: event.currentTarget.value as MetaflowNode['module'] })}
          >
            {Object.keys(modules).map((module) => (
              <option key={module} value={module}>
                {words.modules[module as MetaflowNode['module']]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <SchemaForm
        properties={data}
        values={(node.data ?? {}) as Record<string, unknown>}
        isReadOnly={false}
        onChange={(given) => onChange({ ...node, data: given })}
      />
      {next && (
        <fieldset>
          <legend>{words.next}</legend>
          <NodeEditor node={next} modules={modules} onChange={goOn} />
          <button type="button" onClick={() => goOn(undefined)}>
            {words.removeNext}
          </button>
        </fieldset>
      )}
      {goesOn && !next && (
        <button type="button" onClick={() => goOn({ module: 'record_call' })}>
          {words.addNext}
        </button>
      )}
    </>
  );
}
