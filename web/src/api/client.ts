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
export type Stopped = Schemas['Stopped'];
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

function unreachable(detail: string): Refused {
  return new Refused({ type: 'urn:bursar:problem:unreachable', title: 'No answer', status: 0, code: 'unreachable', detail, request_id: '' });
}

async function refusal(response: Response): Promise<Refused> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (isProblem) return new Refused((await response.json()) as Problem);
  return new Refused({ type: 'about:blank', title: response.statusText, status: response.status, code: 'unknown', detail: `The server answered ${response.status.toString()}.`, request_id: response.headers.get('x-request-id') ?? '' });
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

interface Sent {
  method: Method;
  body?: unknown;
  signal?: AbortSignal | undefined;
  key?: string | undefined;
}

async function send(path: string, { method, body, signal, key }: Sent): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') Object.assign(headers, OF_THE_PAGE);
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (key !== undefined) headers['idempotency-key'] = key;
  const patience = AbortSignal.timeout(PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable(
      patience.aborted ? 'The server took longer than 30 seconds. Ask for a shorter period, or try again.' : 'The server cannot be reached. Is it running?',
    );
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Asks; the address is that of the API below `/api/v1/`. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { method: 'GET', signal });
  return (await response.json()) as T;
}

/** Changes something; `key` makes a second try of the same change none. */
export async function change<T>(method: Exclude<Method, 'GET'>, path: string, body?: unknown, key?: string): Promise<T> {
  const response = await send(path, { method, body, key });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
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
