import { WORDS } from '../words.js';
import type { Property } from './components.js';
import { SchemaField } from './SchemaField.js';
import { isFree, SchemaObject } from './SchemaObject.js';

const { form: words } = WORDS;

type Values = Record<string, unknown>;

interface Props {
  properties: Record<string, Property>;
  /** Those that are to be given. */
  required?: readonly string[];
  values: Values;
  isReadOnly: boolean;
  onChange: (values: Values) => void;
}

/** A field for each property, a group of them for one that is an object; those with entries of a schema are left out. */
export function SchemaForm({ properties, required = [], values, isReadOnly, onChange }: Props) {
  const fields = Object.entries(properties).filter(
    ([, property]) => isValue(property) || property.properties !== undefined || isFree(property),
  );
  if (fields.length === 0) return <p>{words.noData}</p>;
  return (
    <div class="fields">
      {fields.map(([name, property]) => {
        const Field = isValue(property) ? SchemaField : SchemaObject;
        return (
          <Field
            key={name}
            name={name}
            property={property}
            isRequired={required.includes(name)}
            value={values[name]}
            isReadOnly={isReadOnly}
            onChange={(value) => {
              const { [name]: before, ...others } = values;
              onChange(value === undefined ? others : { ...others, [name]: value });
            }}
          />
        );
      })}
    </div>
  );
}

function isValue({ type, enum: listed, const: only }: Property): boolean {
  return listed !== undefined || only !== undefined || (type !== undefined && type !== 'object');
}
