import { startLab, type Lab } from '../support/lab.js';

let started: Promise<Lab> | undefined;

// one switch serves every file of contract tests: a real one takes seconds to start
after(async function () {
  this.timeout(20_000);
  await (await started)?.close();
});

/** Inside a `describe`: the lab, started before the first test of all; after each `describe` no call is left. */
export function useLab(): () => Lab {
  let lab: Lab;
  before(async function () {
    this.timeout(60_000);
    lab = await (started ??= startLab());
  });
  after(() => lab.phones.hangupAll());
  return () => lab;
}
