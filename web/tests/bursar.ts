/** The program under test, as its users start it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The last day of the made-up company: the clock of its server stands there. */
export const LAST_DAY = '2026-06-12';
/** How long a command or a start may take, in milliseconds. */
const PATIENCE_MS = 120_000;
const MOST_OUTPUT = 64 * 1024 * 1024;

export function program(): string {
  const path = process.env.BURSAR_BIN;
  if (path === undefined || !existsSync(path)) {
    throw new Error('BURSAR_BIN names no program. Build one and say where it is:\n  cargo build --package bursar && BURSAR_BIN=../target/debug/bursar npm run browser');
  }
  return path;
}

/** Runs a command to its end and gives what it printed. */
export async function bursar(args: readonly string[], environment: Record<string, string> = {}): Promise<string> {
  const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...environment };
  const { stdout } = await run(program(), [...args], { env, timeout: PATIENCE_MS, maxBuffer: MOST_OUTPUT });
  return stdout;
}

/** Whatever a server says of itself when it starts. */
interface Said {
  api: string;
  gateway: string | null;
  link: string;
  token: string;
}

/** On loopback, for itself. */
const ALONE = ['--listen', '127.0.0.1:0', '--otlp-http', 'off', '--otlp-grpc', 'off', '--timezone', 'UTC', '--no-import', '--no-open'];

/** A server on the made-up company, or on nothing. */
export class Server {
  readonly address: string;
  /** The link that signs in once. */
  readonly link: string;
  /** Where coding clients call through; empty without a gateway. */
  readonly gateway: string;
  /** The owner's token, where the server made one. */
  readonly token: string;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, said: Said) {
    this.#process = child;
    this.address = said.api;
    this.link = said.link;
    this.gateway = said.gateway ?? '';
    this.token = said.token;
  }

  static start(folder: string, listen = '127.0.0.1:0'): Promise<Server> {
    return Server.#of(['demo', '--data', folder, '--until', LAST_DAY, '--listen', listen, '--no-open']);
  }

  /** One whose book is as on the first day. */
  static empty(folder: string): Promise<Server> {
    return Server.#of(['up', '--data', folder, ...ALONE]);
  }

  /** The same with a gateway; the settings say where its calls go. */
  static governing(folder: string, settings: string): Promise<Server> {
    return Server.#of(['up', '--data', folder, ...ALONE, '--gateway', '127.0.0.1:0', '--config', settings]);
  }

  static async #of(args: readonly string[]): Promise<Server> {
    const child = spawn(program(), [...args], { env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const errors: string[] = [];
    const link = new Promise<string>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        errors.push(line);
        const found = /https?:\S+\/sign-in#\S+/.exec(line);
        if (found) resolve(found[0]);
      });
    });
    const first = createInterface({ input: child.stdout });
    const line = await Promise.race([once(first, 'line').then((it) => String(it[0])), once(child, 'exit').then(() => null)]);
    if (line === null) throw new Error(`the server ended:\n${errors.join('\n')}`);
    const said = JSON.parse(line) as Pick<Said, 'api' | 'gateway'>;
    return new Server(child, { ...said, link: await link, token: errors.find((it) => /^\s*bsr_\S+$/.test(it))?.trim() ?? '' });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}
