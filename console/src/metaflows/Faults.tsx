/** What is wrong with a document. */
export function Faults({ id, faults }: { id: string; faults: readonly string[] }) {
  return (
    <ul id={id} class="faults" aria-live="polite">
      {faults.map((fault) => (
        <li key={fault}>{fault}</li>
      ))}
    </ul>
  );
}
