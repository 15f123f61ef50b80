/** A company whose coding tools call through the gateway, to a provider that answers by a script. */
import type { Page } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as Listening } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from './bursar.ts';
import { addressOf, front } from './front.ts';

const MODEL = 'claude-haiku-4-5';
const USAGE = { input_tokens: 20, output_tokens: 400, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };

/** What came back from the gateway. */
export interface Answered {
  status: number;
  refusal: string | null;
  text: string;
}

export class Governed {
  readonly #folder: string;
  readonly #provider: Listening;
  readonly #server: Server;
  readonly #front: { address: string; stop: () => void } | null;

  private constructor(folder: string, provider: Listening, server: Server, shown: { address: string; stop: () => void } | null) {
    this.#folder = folder;
    this.#provider = provider;
    this.#server = server;
    this.#front = shown;
  }

  static async start(): Promise<Governed> {
    const folder = await mkdtemp(join(tmpdir(), 'bursar-governed-'));
    const provider = await scripted();
    const settings = join(folder, 'server.toml');
    await writeFile(settings, `[upstreams.anthropic]\nbase_url = "${addressOf(provider)}"\napi_key = "scripted"\n`);
    const server = await Server.governing(join(folder, 'book'), settings);
    return new Governed(folder, provider, server, process.env.BURSAR_PAGE === 'dist' ? await front(() => server.address) : null);
  }

  /** Where the page is. */
  get address(): string {
    return this.#front?.address ?? this.#server.address;
  }

  async signIn(page: Page): Promise<void> {
    const answer = await page.request.post(`${this.address}/api/v1/sign-in`, { data: { token: this.#server.token }, headers: { 'X-Bursar-Page': '1' } });
    if (!answer.ok()) throw new Error(await answer.text());
  }

  /** Asks the API as the owner. */
  async ask<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const answer = await fetch(`${this.#server.address}/api/v1/${path}`, { method, headers: { authorization: `Bearer ${this.#server.token}`, 'content-type': 'application/json' }, body: body === undefined ? null : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** The token of a developer who may spend so much a month, and no more. */
  async developer(email: string, amount_usd: string): Promise<string> {
    await this.ask('budgets', 'PUT', { scope: `developer/${email}`, period: 'month', amount_usd, ceiling: 'hard', thresholds: [], parent: null, owner: null, reason: 'agreed' });
    const { token } = await this.ask<{ token: string }>('tokens', 'POST', { role: 'developer', developer: email });
    return token;
  }

  /** A coding tool asks the model for something. */
  async call(token: string): Promise<Answered> {
    const answer = await fetch(`${this.#server.gateway}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': token, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: JSON.stringify({ model: MODEL, max_tokens: 1024, messages: [{ role: 'user', content: 'Mend the test.' }] }),
    });
    return { status: answer.status, refusal: answer.headers.get('x-bursar-refusal'), text: await answer.text() };
  }

  async stop(): Promise<void> {
    this.#front?.stop();
    await this.#server.stop();
    this.#provider.closeAllConnections();
    this.#provider.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A provider that says the same to everybody. */
async function scripted(): Promise<Listening> {
  let calls = 0;
  const listening = createServer((asked, answer) => {
    asked.resume().on('end', () => {
      const isCount = asked.url?.startsWith('/v1/messages/count_tokens') ?? false;
      calls += 1;
      const said = isCount ? { input_tokens: USAGE.input_tokens } : { id: `msg_${calls.toString()}`, type: 'message', role: 'assistant', model: MODEL, content: [{ type: 'text', text: 'It is mended.' }], stop_reason: 'end_turn', stop_sequence: null, usage: USAGE };
      answer.writeHead(200, { 'content-type': 'application/json', 'request-id': `req_${calls.toString()}` }).end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return listening;
}
