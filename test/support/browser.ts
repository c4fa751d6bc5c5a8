/** The console in a real browser, on a service with the embedded softswitch. */
import { createHash } from 'node:crypto';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium, type Browser, type Page } from 'playwright-core';
import { loadConfig } from '../../src/config.js';
import { startService, type Service } from '../../src/service.js';
import type { Softswitch } from '../../src/softswitch/softswitch.js';
import { capturingLog } from './log.js';

const BROWSER = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const BUILT = new URL('../../dist/console/index.html', import.meta.url);
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const TOKEN = 'the token of the console’s tests';
/** The account of the embedded softswitch. */
export const ACCOUNT = 'demo';
/** Milliseconds: what a page has to show is awaited, on a machine that does other things too. */
const DEADLINE = 15_000;

type Options = NonNullable<Parameters<Browser['newContext']>[0]>;

interface Fault {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

export class ConsoleLab {
  private constructor(
    readonly service: Service,
    readonly softswitch: Softswitch,
    private readonly browser: Browser,
    private readonly folder: string,
    private readonly axe: string,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<ConsoleLab> {
    await access(BROWSER).catch(() => {
      throw new Error(`there is no browser at ${BROWSER}: install Debian's chromium, or set CHROMIUM_BIN`);
    });
    await access(BUILT).catch(() => {
      throw new Error('the console is not built: npm run build:console');
    });
    const folder = await mkdtemp(join(tmpdir(), 'metaflows-console-'));
    const loaded = loadConfig({
      METAFLOWS_SWITCHES: 'embedded',
      METAFLOWS_HTTP_PORT: '0',
      METAFLOWS_ADMIN_TOKEN: TOKEN,
      METAFLOWS_DATABASE: join(folder, 'db'),
      METAFLOWS_RECORDINGS_DIR: join(folder, 'recordings'),
      ...settings,
    });
    if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
    const service = await startService(loaded.config, capturingLog().log);
    if (!service.softswitch) throw new Error('the embedded softswitch did not start');
    const browser = await chromium.launch({
      executablePath: BROWSER,
      // Chromium has no sandbox for root, who runs the tests in a container.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    return new ConsoleLab(service, service.softswitch, browser, folder, await readFile(AXE, 'utf8'));
  }

  /** A new visitor, in a tab of their own. */
  async visitor(options: Options = {}, url = this.service.url): Promise<Page> {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(DEADLINE);
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** A visitor who has logged in, and looks at {@link ACCOUNT}. */
  async loggedIn(token = TOKEN, options: Options = {}, url?: string): Promise<Page> {
    const page = await this.visitor(options, url);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    if (token === TOKEN) {
      await page.getByLabel('Account').fill(ACCOUNT);
      await page.getByRole('button', { name: 'Open' }).click();
    }
    await page.getByRole('navigation').waitFor();
    return page;
  }

  /** What axe finds against WCAG 2.2 AA. */
  async faults(page: Page): Promise<string[]> {
    // Not as a script element, which the page's policy would refuse.
    await page.evaluate(this.axe);
    const found = await page.evaluate<{ violations: Fault[] }>(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
    );
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  }

  async ask<T>(method: string, path: string, data?: object): Promise<T> {
    const answer = await fetch(`${this.service.url}/v2${path}`, {
      method,
      headers: { 'X-Auth-Token': Buffer.from(TOKEN).toString('latin1') },
      ...(data && { body: JSON.stringify({ data }) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
    return ((await answer.json()) as { data: T }).data;
  }

  /** A token that stands for a user's of {@link ACCOUNT} for an hour, as Kazoo's login answers with. */
  async session(user: string): Promise<string> {
    const { token } = await this.tokenOf('user', user);
    const credentials = createHash('md5').update(`${user}:${token}`).digest('hex');
    const body = JSON.stringify({ data: { account_name: ACCOUNT, credentials } });
    const answer = await fetch(`${this.service.url}/v2/user_auth`, { method: 'PUT', body });
    return ((await answer.json()) as { auth_token: string }).auth_token;
  }

  /** A new token of this role. */
  async tokenOf(role: 'admin' | 'user' | 'viewer', user?: string): Promise<{ id: string; token: string }> {
    return this.ask('POST', '/tokens', { account: ACCOUNT, role, ...(user !== undefined && { user }) });
  }

  /** Ends every call, and waits until the service knows. */
  async hangUp(): Promise<void> {
    for (const leg of [...this.softswitch.pbx.channels.values()]) leg.hangup('NORMAL_CLEARING');
    while ((await this.ask<object[]>('GET', `/accounts/${ACCOUNT}/channels`)).length > 0) await delay(25);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.service.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
