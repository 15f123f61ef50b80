/**
 * The page as it is being worked on, in front of a program that carries an older one or none:
 * files of `dist` with the server's own policy, everything else passed on. For those who work on
 * the page alone; `BURSAR_PAGE=dist` switches it on.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const KINDS: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export async function front(server: () => string): Promise<{ address: string; stop: () => void }> {
  const listening = createServer((asked, answer) => {
    const path = normalize(new URL(asked.url ?? '/', 'http://page').pathname);
    if (path.startsWith('/api/')) pass(asked, answer, server());
    else page(path, answer);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { address: addressOf(listening), stop: () => { listening.closeAllConnections(); listening.close(); } };
}

export function addressOf(listening: Server): string {
  const at = listening.address();
  if (at === null || typeof at === 'string') throw new Error('it does not listen');
  return `http://127.0.0.1:${at.port.toString()}`;
}

function page(path: string, answer: ServerResponse): void {
  const file = join(DIST, path);
  const shown = path !== '/' && existsSync(file) ? file : join(DIST, 'index.html');
  answer.writeHead(200, { 'content-type': KINDS[extname(shown)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  answer.end(readFileSync(shown));
}

function pass(asked: IncomingMessage, answer: ServerResponse, server: string): void {
  const further = request(`${server}${asked.url ?? ''}`, { method: asked.method, headers: asked.headers }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  further.on('error', () => answer.destroy());
  answer.on('close', () => further.destroy());
  asked.pipe(further);
}
