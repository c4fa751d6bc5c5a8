import { Table } from '../parts/Table.js';
import { to } from '../route.js';
import { dateOf, durationOf, fromGregorian, now } from '../time.js';
import { WORDS } from '../words.js';
import { lengthOf, type Recording } from './recording.js';

const { recordings: words } = WORDS;

export function RecordingTable({ recordings }: { recordings: readonly Recording[] }) {
  return (
    <Table
      label={words.title}
      columns={[words.started, words.parties, words.duration, words.state, words.label]}
      rows={recordings.map((recording) => ({
        key: recording.id,
        cells: [
          <a href={to('recordings', recording.id)}>{dateOf(fromGregorian(recording.start))}</a>,
          partiesOf(recording),
          <span class="time">{durationOf(lengthOf(recording, now.value))}</span>,
          <span class={`state ${recording.state}`}>{words.states[recording.state]}</span>,
          recording.label,
        ],
      }))}
    />
  );
}

export function partiesOf({ caller_id_number, callee_id_number }: Recording): string {
  return `${caller_id_number} → ${callee_id_number}`;
}
