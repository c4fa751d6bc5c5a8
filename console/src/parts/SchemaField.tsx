import { useId } from 'preact/hooks';
import { WORDS } from '../words.js';
import type { Property } from './components.js';

const { form: words } = WORDS;

export interface FieldProps {
  name: string;
  property: Property;
  isRequired: boolean;
  value: unknown;
  isReadOnly: boolean;
  /** undefined: none is given. */
  onChange: (value: unknown) => void;
}

/** One value, drawn from its schema. */
export function SchemaField({ name, property, isRequired, value, isReadOnly, onChange }: FieldProps) {
  const { type, description, minimum, maximum, maxLength, pattern } = property;
  const id = useId();
  const common = { id, 'aria-describedby': `${id}-is`, disabled: isReadOnly, required: isRequired };
  const choices = choicesOf(property);
  const shown = typeof value === 'string' || typeof value === 'number' ? value : '';
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {choices ? (
        <select
          {...common}
          value={value === undefined ? '' : JSON.stringify(value)}
          onChange={({ currentTarget: { value: given } }) =>
            onChange(given === '' ? undefined : (JSON.parse(given) as unknown))
          }
        >
          <option value="">{words.notGiven}</option>
          {choices.map((choice) => (
            <option key={String(choice)} value={JSON.stringify(choice)}>
              {typeof choice === 'boolean' ? words.booleans[choice ? 'yes' : 'no'] : String(choice)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...(type === 'integer' ? { type: 'number', min: minimum, max: maximum } : { maxLength, pattern })}
          {...common}
          placeholder={words.notGiven}
          value={shown}
          onInput={({ currentTarget: { value: given } }) =>
            onChange(given === '' ? undefined : type === 'integer' ? Number(given) : given)
          }
        />
      )}
      {description !== undefined && <small id={`${id}-is`}>{description}</small>}
    </div>
  );
}

/** The values that there are, where they are few. */
function choicesOf({ type, enum: listed, const: only }: Property): unknown[] | undefined {
  if (type === 'boolean') return [true, false];
  return only === undefined ? listed : [only];
}
