/** What people call what the book knows by an id: names from the directory, where the role shows it. */
import { ask, Refused, type Directory } from '../api/client.ts';
import { address } from './address.svelte.ts';
import { NOT_KNOWN, UNKNOWN } from './words.ts';

/** An id that holds for all time, or several with their days: the last one. */
export function latest(course: string | readonly { id: string }[] | undefined): string | null {
  if (course === undefined || course === '') return null;
  return typeof course === 'string' ? course : (course.at(-1)?.id ?? null);
}

class Names {
  directory = $state.raw<Directory | null>(null);
  #teams = $derived(new Map((this.directory?.team ?? []).map((it) => [it.id, it.name ?? it.id])));
  #people = $derived(new Map((this.directory?.developer ?? []).map((it) => [it.id, it.name ?? it.id])));
  #clients = $derived(new Map((this.directory?.client ?? []).map((it) => [it.id, it.name ?? it.id])));
  #projects = $derived(new Map((this.directory?.project ?? []).map((it) => [it.id, it.name ?? it.id])));

  async load(): Promise<void> {
    try {
      this.directory = await ask<Directory>('org');
    } catch (error) {
      // A role that does not see the directory reads ids.
      if (!(error instanceof Refused)) throw error;
    }
  }

  of(dimension: string, value: string): string {
    if (value === UNKNOWN) return NOT_KNOWN;
    switch (dimension) {
      case 'team':
        return this.#teams.get(value) ?? value;
      case 'developer':
        return this.#people.get(value) ?? value.replace(/^os-user:/, '');
      case 'client':
        return this.#clients.get(value) ?? value;
      case 'project':
        return this.#projects.get(value) ?? value;
      case 'repo':
      case 'pr':
        return value.replace(/^(github|gitlab|bitbucket)\.(com|org)\//, '');
      case 'session':
        return value.slice(0, 8);
      default:
        return value;
    }
  }

  /** Where the page about something is. */
  page(dimension: string, value: string): string | null {
    const place: Record<string, string> = { team: 'teams', developer: 'people', repo: 'repos', session: 'sessions', model: 'models', pr: 'pulls', client: 'clients', ticket: 'tickets', branch: 'branches', project: 'projects' };
    const folder = place[dimension];
    return folder === undefined || value === UNKNOWN ? null : `/${folder}/${encodeURIComponent(value)}`;
  }

  /** The same for the period that is looked at. Branches of a name are told apart by their repository, where it is known. */
  to(dimension: string, value: string, repo: string | null = null): string | null {
    const page = this.page(dimension, value);
    if (page === null) return null;
    return address.to(page, dimension === 'branch' && repo !== null && repo !== UNKNOWN ? { repo } : {});
  }
}

export const names = new Names();
