/** One call of a session, as the timeline draws it. */
export interface Step {
  id: string;
  at: string;
  /** The number of the prompt that it answers. */
  turn: number;
  model: string;
  /** Tokens of the whole prompt. */
  context: number;
  cacheRead: number;
  output: number;
  /** In nano-USD; none without a price. */
  cost: string | null;
  /** The subagent that made it; none for the session itself. */
  thread: string | null;
  tools: readonly string[];
  failed: boolean;
  isLoop: boolean;
}
