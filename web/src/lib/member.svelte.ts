/** Who looks at the page, and what the role shows them. */
import { ask, change, refusalOf, type Me } from '../api/client.ts';
import { live } from './live.svelte.ts';
import { tellIn } from './words.ts';

class Member {
  me = $state.raw<Me | null>(null);
  state = $state<'asking' | 'in' | 'out' | 'unreachable'>('asking');
  /** What went wrong with the server. */
  problem = $state('');

  /** Whether there are pages for administrators. */
  get isAdmin(): boolean {
    return this.may('set_budgets');
  }

  /** Whether money may be moved, within limits that the server knows. */
  get mayMove(): boolean {
    return this.may('move_budgets');
  }

  /** Whether developers and sessions are shown apart to the role. */
  get seesIndividuals(): boolean {
    return this.me?.sees_individuals ?? false;
  }

  /** All that the token shows, as budgets call it; none where that is several teams. */
  get scope(): string | null {
    const [team, ...more] = this.me?.teams ?? [];
    if (team !== undefined) return more.length === 0 ? `team/${team}` : null;
    return this.me?.role === 'developer' ? `developer/${this.me.developer ?? ''}` : 'org';
  }

  /** Whether the role has a right, by the server's name for it. */
  may(right: string): boolean {
    return this.me?.rights.includes(right) ?? false;
  }

  async look(): Promise<void> {
    try {
      const me = await ask<Me>('me');
      tellIn(me.timezone);
      this.me = me;
      this.state = 'in';
      live.start();
    } catch (error) {
      const refused = refusalOf(error);
      if (refused.status === 401) this.signedOut();
      else {
        this.state = 'unreachable';
        this.problem = refused.message;
      }
    }
  }

  /** With a token, or with the code of a one-time link. */
  async signIn(by: { token: string } | { code: string }): Promise<void> {
    await change('POST', 'sign-in', by);
    await this.look();
  }

  async signOut(): Promise<void> {
    await change('POST', 'sign-out');
    this.signedOut();
  }

  signedOut(): void {
    live.stop();
    this.me = null;
    this.state = 'out';
  }
}

export const member = new Member();
