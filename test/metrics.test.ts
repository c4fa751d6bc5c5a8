import { expect } from 'chai';
import { idleMetrics } from '../scripts/docs.js';
import { Metrics } from '../src/metrics.js';

describe('metrics', () => {
  it('count what they are told, and read what they watch', async () => {
    const metrics = new Metrics();
    let calls = 2;
    metrics.watch({
      calls: () => calls,
      recordings: () => ({ recording: 1, masked: 0 }),
      switchConnections: () => ({ 'pbx:8021': 4 }),
      ready: () => false,
      outbox: () => 7,
      freeBytes: () => 1e9,
    });
    metrics.codeMatched('record_call');
    metrics.codeRefused('not_recording');
    metrics.recordingEnded('completed');
    metrics.eventDropped('unknown');
    metrics.commandTook('uuid_record', 0.0004);
    metrics.httpRequest('GET', 200);
    calls = 3;
    const lines = (await metrics.text()).split('\n').filter((line) => !line.startsWith('#'));
    expect(lines).to.include.members([
      'metaflows_calls 3',
      'metaflows_recordings{state="recording"} 1',
      'metaflows_recordings{state="masked"} 0',
      'metaflows_switch_connections{switch="pbx:8021"} 4',
      'metaflows_ready 0',
      'metaflows_outbox 7',
      'metaflows_free_bytes 1000000000',
      'metaflows_codes_matched_total{module="record_call"} 1',
      'metaflows_codes_refused_total{reason="not_recording"} 1',
      'metaflows_recordings_ended_total{state="completed"} 1',
      'metaflows_events_dropped_total{reason="unknown"} 1',
      'metaflows_command_seconds_bucket{le="0.001",command="uuid_record"} 1',
      'metaflows_http_requests_total{method="GET",status="200"} 1',
    ]);
  });

  it('have what alerts go by before it has happened, and no room where none is seen', async () => {
    const text = await idleMetrics().text();
    expect(text).to.include('metaflows_recordings_ended_total{state="failed"} 0');
    expect(text).to.include('metaflows_codes_refused_total{reason="mask_incomplete"} 0');
    expect(text).not.to.match(/^metaflows_free_bytes /m);
  });

  it('are apart from those of another service in the same process', async () => {
    new Metrics().codeMatched('record_call');
    expect(await new Metrics().text()).not.to.include('module="record_call"');
  });
});
