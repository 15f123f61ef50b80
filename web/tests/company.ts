/** What tests begin with: the made-up company, its server, and a page that is signed in. */
import { test as base, expect, type Page } from '@playwright/test';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bursar, Server } from './bursar.ts';
import { front } from './front.ts';

/** The days that every test looks at: all that the company did. */
export const ALL_DAYS = 'since=2026-04-13&until=2026-06-12';

export class Company {
  readonly folder: string;
  server: Server;
  #front: { address: string; stop: () => void } | null = null;
  #machines = 0;

  constructor(folder: string, server: Server) {
    this.folder = folder;
    this.server = server;
  }

  static async open(): Promise<Company> {
    const made = process.env.BURSAR_COMPANY;
    if (made === undefined) throw new Error('the company was not made');
    const folder = await mkdtemp(join(tmpdir(), 'bursar-worker-'));
    await cp(made, join(folder, 'company'), { recursive: true });
    const company = new Company(join(folder, 'company'), await Server.start(join(folder, 'company')));
    if (process.env.BURSAR_PAGE === 'dist') company.#front = await front(() => company.server.address);
    return company;
  }

  /** Where the page is. */
  get address(): string {
    return this.#front?.address ?? this.server.address;
  }

  async token(of: string): Promise<string> {
    return (await readFile(join(this.folder, 'tokens', of), 'utf8')).trim();
  }

  /** Asks the API as somebody. */
  async ask<T>(path: string, as = 'owner'): Promise<T> {
    const answer = await fetch(`${this.server.address}/api/v1/${path}`, { headers: { authorization: `Bearer ${await this.token(as)}` } });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Runs a command against the server as somebody. */
  async command(args: readonly string[], as = 'owner'): Promise<string> {
    return bursar(args, { BURSAR_SERVER: this.server.address, BURSAR_TOKEN: await this.token(as) });
  }

  /** Ends the server and starts it again at the same place. */
  async restart(): Promise<void> {
    const listen = this.server.address.replace('http://', '');
    await this.server.stop();
    this.server = await Server.start(this.folder, listen);
  }

  /** A developer's machine, on which a coding tool logs calls, sends them. */
  async report(developer: string, branch: string, calls = 1): Promise<void> {
    this.#machines += 1;
    const name = `machine-${this.#machines.toString()}`;
    const home = join(this.folder, '..', name);
    const logs = join(home, '.claude', 'projects', 'made-up');
    await mkdir(logs, { recursive: true });
    const session = `${this.#machines.toString().padStart(8, '0')}-1111-4111-8111-111111111111`;
    const line = (number: number): string =>
      JSON.stringify({
        type: 'assistant',
        sessionId: session,
        uuid: `${name}-${number.toString()}`,
        requestId: `req_${name}_${number.toString()}`,
        timestamp: `2026-06-12T12:00:${(number % 60).toString().padStart(2, '0')}.000Z`,
        cwd: '/home/made-up/work',
        gitBranch: branch,
        version: '2.1.98',
        isSidechain: false,
        message: { id: `msg_${name}_${number.toString()}`, type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content: [], stop_reason: 'end_turn', usage: { input_tokens: 1000, output_tokens: 2000, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 } },
      });
    await writeFile(join(logs, `${session}.jsonl`), Array.from({ length: calls }, (_, number) => `${line(number)}\n`).join(''));
    await bursar(['collect', '--once', '--server', this.server.address], { HOME: home, BURSAR_TOKEN: await this.token(developer) });
  }

  async close(): Promise<void> {
    this.#front?.stop();
    await this.server.stop();
    await rm(join(this.folder, '..'), { recursive: true, force: true });
  }
}

/** A server of its own without any spend. */
export class Empty {
  readonly #folder: string;
  readonly #server: Server;
  readonly #front: { address: string; stop: () => void } | null;

  private constructor(folder: string, server: Server, shown: { address: string; stop: () => void } | null) {
    this.#folder = folder;
    this.#server = server;
    this.#front = shown;
  }

  static async start(): Promise<Empty> {
    const folder = await mkdtemp(join(tmpdir(), 'bursar-empty-'));
    const server = await Server.empty(join(folder, 'book'));
    return new Empty(folder, server, process.env.BURSAR_PAGE === 'dist' ? await front(() => server.address) : null);
  }

  /** The link that signs in once. */
  get link(): string {
    return this.#server.link.replace(this.#server.address, this.address);
  }

  /** Where the page is. */
  get address(): string {
    return this.#front?.address ?? this.#server.address;
  }

  async stop(): Promise<void> {
    this.#front?.stop();
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export async function signIn(page: Page, company: Company, as = 'owner'): Promise<void> {
  const answer = await page.request.post(`${company.address}/api/v1/sign-in`, { data: { token: await company.token(as) }, headers: { 'X-Bursar-Page': '1' } });
  expect(answer.status()).toBe(204);
}

/** Goes somewhere and waits until everything is there. */
export async function visit(page: Page, company: Company, path: string): Promise<void> {
  await page.goto(`${company.address}${path}`);
  await settled(page);
}

export async function settled(page: Page): Promise<void> {
  await expect(page.locator('main h1').first()).toBeVisible();
  await expect(page.locator('main .waiting')).toHaveCount(0);
  await expect(page.locator('main [aria-busy="true"]')).toHaveCount(0);
}

/** One of the totals of the page, exactly, as the title of the amount has it. */
export async function exactOf(page: Page, index = 0): Promise<string> {
  const title = await page.locator('[data-total]').nth(index).locator('.money').first().getAttribute('title');
  return (title ?? '').replace(' exactly', '').replaceAll(',', '').replace('$', '');
}

/** What the console says against the page. */
export function complaints(page: Page): string[] {
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  return said;
}

export const test = base.extend<{ owner: Page }, { company: Company }>({
  company: [
    async ({}, use) => {
      const company = await Company.open();
      await use(company);
      await company.close();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  /** A page that the owner looks at. */
  owner: async ({ page, company }, use) => {
    await signIn(page, company);
    await use(page);
  },
});
export { expect };
