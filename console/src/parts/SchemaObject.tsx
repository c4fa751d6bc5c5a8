import { WORDS } from '../words.js';
import type { Property } from './components.js';
import { FreeMap } from './FreeMap.js';
import type { FieldProps } from './SchemaField.js';
import { SchemaForm } from './SchemaForm.js';

const { form: words } = WORDS;

/** An object, drawn from its schema: its keys are those of the schema, or any. */
export function SchemaObject({ name, property, isRequired, value, isReadOnly, onChange }: FieldProps) {
  const { description, properties, required } = property;
  const values = value as Record<string, unknown> | undefined;
  const given = values ?? (isRequired ? {} : undefined);
  return (
    <fieldset>
      <legend>{name}</legend>
      {description !== undefined && <small>{description}</small>}
      {given && properties && (
        <SchemaForm
          properties={properties}
          {...(required && { required })}
          values={given}
          isReadOnly={isReadOnly}
          onChange={onChange}
        />
      )}
      {given && !properties && (
        <FreeMap name={name} values={given} isReadOnly={isReadOnly} onChange={onChange} />
      )}
      {!given && isReadOnly && <p>{words.notGiven}</p>}
      {!isReadOnly && !isRequired && (
        <button type="button" onClick={() => onChange(given ? undefined : {})}>
          {given ? words.remove(name) : words.add(name)}
        </button>
      )}
    </fieldset>
  );
}

/** Whether its keys may be any, with any values. */
export function isFree({
  type,
  properties,
  patternProperties,
  additionalProperties = true,
}: Property): boolean {
  return (
    type === 'object' &&
    properties === undefined &&
    patternProperties === undefined &&
    additionalProperties === true
  );
}
