import { startLab, type Lab } from '../support/lab.js';
import { TestService } from '../support/lab-service.js';

/** A real switch takes seconds to start, and serves every file of tests; the embedded one starts at once. */
const shared = process.env.TEST_SWITCH === 'freeswitch' ? startLab() : undefined;
if (shared) after(async () => (await shared).close());

/** Inside a `describe`: the lab; after it no call is left. */
export function useLab(): () => Lab {
  let lab: Lab;
  before(async function () {
    this.timeout(60_000);
    lab = await (shared ?? startLab());
    // after the hooks of those who use it, which are defined later
    this.test!.parent!.afterAll(() => (shared ? lab.phones.hangupAll() : lab.close()));
  });
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
  after(() => service.close());
  return () => service;
}
