import { startLab, type Lab } from '../support/lab.js';
import { TestService } from '../support/lab-service.js';

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

/** Inside a `describe` with {@link useLab}: the service on it, users 1001 and 1002 with codes. */
export function useService(
  lab: () => Lab,
  settings: () => Record<string, string> = () => ({}),
): () => TestService {
  let service: TestService;
  before(async () => {
    service = await TestService.start(lab(), settings());
    for (const user of ['1001', '1002']) await service.flows(user);
  });
  after(async () => {
    await lab().phones.hangupAll();
    await service.close();
  });
  return () => service;
}
