import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { live } from './live.svelte.ts';

/** The streams that were opened, the last one last. */
const opened: Stream[] = [];

class Stream extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    super();
    opened.push(this);
  }

  close(): void {
    this.readyState = Stream.CLOSED;
  }

  /** It ends for good, as when nobody is signed in. */
  fail(): void {
    this.readyState = Stream.CLOSED;
    this.onerror?.();
  }
}

const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
function look(state: 'visible' | 'hidden'): void {
  page.visibilityState = state;
  page.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', Stream);
  vi.stubGlobal('document', page);
  opened.length = 0;
});
afterEach(() => {
  live.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a stream that ended is opened again, unless nobody is signed in any more', () => {
  live.start();
  opened[0]?.fail();
  vi.advanceTimersByTime(60_000);
  expect(opened.length).toBe(2);
  opened[1]?.fail();
  live.stop();
  vi.advanceTimersByTime(60_000);
  expect(opened.length).toBe(2);
});

test('a tab that nobody sees asks for nothing, and catches up', () => {
  live.start();
  const before = live.round('calls');
  look('hidden');
  for (let second = 0; second < 60; second += 1) {
    opened[0]?.dispatchEvent(new Event('call'));
    vi.advanceTimersByTime(1_000);
  }
  expect(live.round('calls')).toBe(before);
  look('visible');
  vi.advanceTimersByTime(1_000);
  expect(live.round('calls')).toBe(before + 1);
});

test('budgets are asked for once more when a call may be booked', () => {
  live.start();
  const before = [live.round('calls'), live.round('budgets')] as const;
  opened[0]?.dispatchEvent(new Event('call'));
  vi.advanceTimersByTime(1_000);
  expect([live.round('calls'), live.round('budgets')]).toEqual([before[0] + 1, before[1] + 1]);
  vi.advanceTimersByTime(9_000);
  expect([live.round('calls'), live.round('budgets')]).toEqual([before[0] + 1, before[1] + 2]);
  vi.advanceTimersByTime(600_000);
  expect([live.round('calls'), live.round('budgets')]).toEqual([before[0] + 1, before[1] + 3]);
});

test('what is of budgets alone asks for no calls', () => {
  live.start();
  const before = [live.round('calls'), live.round('budgets')] as const;
  opened[0]?.dispatchEvent(new Event('budget'));
  vi.advanceTimersByTime(1_000);
  expect([live.round('calls'), live.round('budgets')]).toEqual([before[0], before[1] + 1]);
});
