import { WORDS } from '../words.js';
import { SchemaField } from './SchemaField.js';
import type { Property } from './components.js';

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

/** A field for each property that is one value; objects are written as JSON. */
export function SchemaForm({ properties, required = [], values, isReadOnly, onChange }: Props) {
  const fields = Object.entries(properties).filter(
    ([, { type, enum: listed, const: only }]) =>
      listed !== undefined || only !== undefined || (type !== undefined && type !== 'object'),
  );
  if (fields.length === 0) return <p>{words.noData}</p>;
  return (
    <div class="fields">
      {fields.map(([name, property]) => (
        <SchemaField
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
      ))}
    </div>
  );
}
