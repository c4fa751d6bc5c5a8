/* Generated from schemas/genesys-operation.json by npm run types. */

/**
 * What is to be done with the recording of a call.
 */
export interface GenesysOperation {
  operationName: 'StartCallRecording' | 'PauseCallRecording' | 'ResumeCallRecording' | 'StopCallRecording';
}
