/* Generated from schemas/bird-recording-update.json by npm run types. */

/**
 * The body of Bird's update of a call recording.
 */
export interface BirdRecordingUpdate {
  status?: 'paused' | 'ongoing' | 'completed';
}
