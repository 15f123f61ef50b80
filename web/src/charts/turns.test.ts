import { expect, test } from 'vitest';

import type { TimelineTurn } from '../api/client.ts';
import type { Step } from './timeline.ts';
import { rowsOf, turnName } from './turns.ts';

function turn(more: Partial<TimelineTurn>): TimelineTurn {
  const share = { calls: 0, cost_nano_usd: '0', cost_usd: '0' };
  const tokens = { input: 0, output: 0, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, reasoning: 0 };
  return {
    ...share,
    turn: 1,
    tokens,
    web_searches: 0,
    list_cost_nano_usd: '0',
    list_cost_usd: '0',
    unpriced_calls: 0,
    calls_by_moment: 0,
    subagents: share,
    compactions: 0,
    tools: [],
    most_tries: 0,
    likely_loop: false,
    ...more,
  };
}

function step(id: string, of: number | null, isRacing = false): Step {
  return { id, turn: of, at: '', stretch: 1, model: '', context: 0, cacheRead: 0, output: 0, cost: null, isSubagent: false, deed: '', tools: '', isRetry: false, isRacing, isShrunk: false, isEstimate: false };
}

test('each turn has its calls, and those before the first prompt stand by themselves', () => {
  const rows = rowsOf([turn({ turn: null }), turn({}), turn({ turn: 2 })], [step('a', null), step('b', 1), step('c', 2, true), step('d', 1)]);
  expect(rows.map((it) => [turnName(it.number), it.steps.map((of) => of.id).join(' '), it.isRacing])).toEqual([
    ['Before the first prompt', 'a', false],
    ['Turn 1', 'b d', false],
    ['Turn 2', 'c', true],
  ]);
});

test('the tools of a turn are told by their use', () => {
  const tools = [
    { tool: 'Bash', uses: 1, retries: 0 },
    { tool: 'Read', uses: 9, retries: 2 },
  ];
  const [row] = rowsOf([turn({ tools, first_context_tokens: 10, last_context_tokens: 30 })], []);
  expect(row?.tools.map((it) => it.tool)).toEqual(['Read', 'Bash']);
  expect(row?.context).toEqual([10, 30]);
  expect(rowsOf([turn({ first_context_tokens: null })], [])[0]?.context).toBeNull();
});
