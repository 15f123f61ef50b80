/** One call of a session, as the timeline draws it. */
import type { TimelineCall } from '../api/client.ts';

export interface Step {
  id: string;
  at: string;
  /** The number of its turn; none before the first, or where no source tells turns apart. */
  turn: number | null;
  /** Which stretch of work; a pause of some minutes begins a new one. */
  stretch: number;
  model: string;
  /** Tokens of the whole prompt. */
  context: number;
  cacheRead: number;
  output: number;
  /** In nano-USD; none without a price. */
  cost: string | null;
  isSubagent: boolean;
  /** What began it: a slash command, a skill. */
  deed: string;
  /** The tools that its response called: `Bash, Read × 2`. */
  tools: string;
  /** Whether it tried a step again that had failed. */
  isRetry: boolean;
  /** Whether its minutes cost many times what is usual for the session. */
  isRacing: boolean;
  /** Whether the context was compacted or begun anew before it. */
  isShrunk: boolean;
  isEstimate: boolean;
}

export function stepOf(call: TimelineCall): Step {
  return {
    id: call.id,
    at: call.at,
    turn: call.turn ?? null,
    stretch: call.stretch,
    model: call.model,
    context: call.context_tokens,
    cacheRead: call.tokens.cache_read,
    output: call.tokens.output,
    cost: call.cost_nano_usd ?? null,
    isSubagent: call.thread !== 'main',
    deed: [call.command, call.skill].filter((it) => typeof it === 'string').join(', '),
    tools: call.tools.map((it) => (it.uses > 1 ? `${it.tool} × ${it.uses.toString()}` : it.tool)).join(', '),
    isRetry: call.tools.some((it) => it.retries > 0),
    isRacing: call.racing,
    isShrunk: call.shrank,
    isEstimate: call.output_count !== 'final' && call.output_count !== 'aggregate',
  };
}
