import type { ComponentChildren } from 'preact';

interface Props {
  /** What it is a table of. */
  label: string;
  /** The headings; none where a column is left out, with its cells. */
  columns: readonly (string | false)[];
  /** A cell for each column. */
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
  /** The column whose cell says what its row is about. */
  naming?: string;
}

/**
 * On a telephone each row is a list of its cells, with their headings. The roles are named, as a browser forgets them where
 * the style makes something else of a table.
 */
export function Table({ label, columns, rows, naming }: Props) {
  return (
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(
              (column) =>
                column !== false && (
                  <th key={column} role="columnheader" scope="col">
                    {column}
                  </th>
                ),
            )}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ key, cells }) => (
            <tr key={key} role="row">
              {columns.map((column, index) => {
                if (column === false) return null;
                return column === naming ? (
                  <th key={column} role="rowheader" scope="row">
                    {cells[index]}
                  </th>
                ) : (
                  <td key={column} role="cell" data-heading={column}>
                    {cells[index]}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
