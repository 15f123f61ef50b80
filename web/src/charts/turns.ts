/** One turn of a session, as its table shows it: a prompt, and all calls until the next. */
import type { TimelineTurn } from '../api/client.ts';
import type { Step } from './timeline.ts';

export interface TurnRow {
  /** Its number in the session, from 1; 0 are the calls before the first turn. */
  number: number;
  first: string;
  calls: number;
  /** Calls that name no turn, and are of it by their moment. */
  byMoment: number;
  subagents: number;
  /** Of the cost, the subagents' part in nano-USD. */
  subagentCost: string;
  /** Tokens of the prompts of its first and last call in the conversation; none where it has none. */
  context: readonly [number, number] | null;
  /** The part of its prompts that was read from the cache: `97.0`. */
  cacheHit: string | null;
  compactions: number;
  /** The tools that its calls called, the most used first. */
  tools: readonly { tool: string; uses: number; retries: number }[];
  /** How often at most the same step was tried that failed each time before. */
  mostTries: number;
  isLoop: boolean;
  isRacing: boolean;
  cost: { cost_nano_usd: string; calls: number; unpriced_calls: number };
  /** Its calls, as far as the timeline tells them. */
  steps: readonly Step[];
}

/** The turns with their calls. */
export function rowsOf(turns: readonly TimelineTurn[], steps: readonly Step[]): TurnRow[] {
  const of = new Map<number, Step[]>();
  for (const step of steps) {
    const number = step.turn ?? 0;
    const known = of.get(number);
    if (known === undefined) of.set(number, [step]);
    else known.push(step);
  }
  return turns.map((it) => {
    const number = it.turn ?? 0;
    const { first_context_tokens: first, last_context_tokens: last } = it;
    const own = of.get(number) ?? [];
    return {
      number,
      first: it.first_at ?? '',
      calls: it.calls,
      byMoment: it.calls_by_moment,
      subagents: it.subagents.calls,
      subagentCost: it.subagents.cost_nano_usd,
      context: typeof first === 'number' && typeof last === 'number' ? [first, last] : null,
      cacheHit: it.cache_hit_percent ?? null,
      compactions: it.compactions,
      tools: it.tools.toSorted((one, other) => other.uses - one.uses),
      mostTries: it.most_tries,
      isLoop: it.likely_loop,
      isRacing: own.some((step) => step.isRacing),
      cost: it,
      steps: own,
    };
  });
}

/** What a turn is called. */
export function turnName(number: number): string {
  return number === 0 ? 'Before the first prompt' : `Turn ${number.toString()}`;
}
