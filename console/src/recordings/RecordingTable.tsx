import { to } from '../route.js';
import { dateOf, durationOf, fromGregorian } from '../time.js';
import { WORDS } from '../words.js';
import type { Recording } from './recording.js';

const { recordings: words } = WORDS;

export function RecordingTable({ recordings }: { recordings: readonly Recording[] }) {
  return (
    <div class="scroll" role="region" aria-label={words.title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.started}</th>
            <th scope="col">{words.parties}</th>
            <th scope="col" class="time">
              {words.duration}
            </th>
            <th scope="col">{words.state}</th>
            <th scope="col">{words.label}</th>
          </tr>
        </thead>
        <tbody>
          {recordings.map((recording) => (
            <tr key={recording.id}>
              <td>
                <a href={to('recordings', recording.id)}>{dateOf(fromGregorian(recording.start))}</a>
              </td>
              <td>{partiesOf(recording)}</td>
              <td class="time">{durationOf(recording.duration_ms)}</td>
              <td>
                <span class={`state ${recording.state}`}>{words.states[recording.state]}</span>
              </td>
              <td>{recording.label}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function partiesOf({ caller_id_number, callee_id_number }: Recording): string {
  return `${caller_id_number} → ${callee_id_number}`;
}
