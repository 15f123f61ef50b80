/** Something that the server is asked to do: whether it is being done, and what it was refused with. */
import { Refused } from '../api/client.ts';

export class Deed {
  isBusy = $state(false);
  failure = $state.raw<Refused | null>(null);

  /** Does it, unless it is being done: pressed twice it is still one. Answers whether it was done. */
  async attempt(does: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.failure = null;
    try {
      await does();
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.failure = error;
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
