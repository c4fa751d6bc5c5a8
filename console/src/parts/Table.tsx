import type { ComponentChildren } from 'preact';

interface Props {
  /** What it is a table of. */
  label: string;
  /** The headings; none where a column is left out. */
  columns: readonly (string | false)[];
  /** The rows. */
  children: ComponentChildren;
}

/** Scrolls by itself, by keyboard too, where the page is narrower. */
export function Table({ label, columns, children }: Props) {
  return (
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(
              (column) =>
                column !== false && (
                  <th key={column} scope="col">
                    {column}
                  </th>
                ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
