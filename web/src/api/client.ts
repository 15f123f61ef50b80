/**
 * What the server is asked, and how it says no. Types come from its own description, which
 * `npm run types` turns into `schema.d.ts`.
 */
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];

export type Me = Schemas['Me'];
export type Report = Schemas['WireReport'];
export type ReportRow = Schemas['WireRow'];
export type Figures = Schemas['WireFigures'];
export type Measures = Schemas['WireMeasures'];
export type Change = Schemas['WireChange'];
export type ReportPeriod = Schemas['WirePeriod'];
export type LeaderFigures = Schemas['WireLeaderFigures'];
export type Sessions = Schemas['WireSessions'];
export type SessionRow = Schemas['WireSession'];
export type SessionDetail = Schemas['WireDetail'];
export type Timeline = Schemas['WireTimeline'];
export type TimelineCall = Schemas['WireStep'];
export type TimelineTurn = Schemas['WireTurn'];
export type Calls = Schemas['Calls'];
export type Call = Schemas['WireCall'];
export type Explanation = Schemas['Explanation'];
export type ExplainedCall = Schemas['WireBooked'];
export type Budgets = Schemas['Budgets'];
export type Budget = Schemas['WireBudget'];
export type BudgetChange = Schemas['BudgetChange'];
export type BudgetRequests = Schemas['Requests'];
export type BudgetRequest = Schemas['WireRequest'];
export type Stops = Schemas['Stops'];
export type Stop = Schemas['WireStop'];
export type StopChange = Schemas['StopChange'];
export type StopReach = Schemas['StopReach'];
export type Reporters = Schemas['Reporters'];
export type Reporter = Schemas['WireReporter'];
export type Coverage = Schemas['WireCoverage'];
export type Prices = Schemas['WirePrices'];
export type Price = Prices['prices'][number];
export type Directory = Schemas['Shown'];
export type Tokens = Schemas['Tokens'];
export type Token = Schemas['ListedToken'];
export type MadeToken = Schemas['MadeToken'];
export type Audit = Schemas['Audit'];
export type Act = Schemas['WireAct'];
export type Settings = Schemas['Settings'];
export type Shortfall = Schemas['WireShortfall'];
export type Problem = Schemas['WireFailure'];

const BASE = '/api/v1/';
/** A cookie alone changes nothing: this header, which no other site can send, has to come with it. */
const OF_THE_PAGE = { 'X-Bursar-Page': '1' };
/** How long an answer is waited for, in milliseconds. */
const PATIENCE_MS = 30_000;

/** Why there is no answer: the server's own words, or that it cannot be reached. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }
}

/** A failure that the page itself has to tell of. */
export function failure(code: string, title: string, detail: string): Refused {
  return new Refused({ type: `urn:bursar:problem:${code}`, title, status: 0, code, detail, request_id: '' });
}

/** Whatever went wrong, as something that can be shown. */
export function refusalOf(error: unknown): Refused {
  if (error instanceof Refused) return error;
  return failure('page', 'A mistake of the page', `The page could not go on: ${error instanceof Error ? error.message : String(error)}. Load it anew; if that does not help, tell whoever keeps Bursar.`);
}

function refusal(response: Response, text: string): Refused {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (isProblem) {
    try {
      return new Refused(JSON.parse(text) as Problem);
    } catch {
      // Something between here and the server changed its words; the status still says what it is.
    }
  }
  return new Refused({ type: 'about:blank', title: response.statusText, status: response.status, code: 'unknown', detail: `The server answered ${response.status.toString()}.`, request_id: response.headers.get('x-request-id') ?? '' });
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface Sent {
  method: Method;
  body?: unknown;
  signal?: AbortSignal | undefined;
  key?: string | undefined;
}

/** Sends and gives the text of the answer, read to its end; whatever fails is a {@link Refused}, unless the caller gave up. */
async function send(path: string, { method, body, signal, key }: Sent): Promise<string> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') Object.assign(headers, OF_THE_PAGE);
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = key;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response | null = null;
  let text: string;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    if (patience.aborted) throw failure('too_slow', 'No answer', 'The server took longer than 30 seconds. Ask for a shorter period, or try again.');
    if (response === null) throw failure('unreachable', 'No answer', 'The server cannot be reached. Is it running?');
    throw failure('broken_off', 'No whole answer', 'The answer of the server broke off. Try again.');
  }
  if (!response.ok) throw refusal(response, text);
  return text;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failure('not_understood', 'No answer of Bursar', 'What answered is not what a Bursar server says. Is there a proxy or a sign-in page in between? Load the page anew.');
  }
}

/** Asks; the address is that of the API below `/api/v1/`. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  return read(await send(path, { method: 'GET', signal })) as T;
}

/** Changes something; `key` makes a second try of the same change none. */
export async function change<T>(method: Exclude<Method, 'GET'>, path: string, body?: unknown, key?: string): Promise<T> {
  const text = await send(path, { method, body, key });
  return (text === '' ? undefined : read(text)) as T;
}

/** A key for one change, whatever often it is tried. */
export function freshKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((text, it) => text + it.toString(36), 'page-');
}

/** The path of a request with its parameters. */
export function at(path: string, search?: URLSearchParams | Record<string, string>): string {
  const query = new URLSearchParams(search).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Where the same answer can be had as CSV. */
export function csvAddress(path: string): string {
  return `${BASE}${path}${path.includes('?') ? '&' : '?'}format=csv`;
}
