/** Which page an address shows. */
import type { Component } from 'svelte';
import Anomalies from './pages/Anomalies.svelte';
import Budgets from './pages/Budgets.svelte';
import Call from './pages/Call.svelte';
import Entity from './pages/Entity.svelte';
import Explore from './pages/Explore.svelte';
import Forecast from './pages/Forecast.svelte';
import Models from './pages/Models.svelte';
import NotFound from './pages/NotFound.svelte';
import Overview from './pages/Overview.svelte';
import Prices from './pages/Prices.svelte';
import Repos from './pages/Repos.svelte';
import Session from './pages/Session.svelte';
import Sessions from './pages/Sessions.svelte';
import Settings from './pages/Settings.svelte';
import Sources from './pages/Sources.svelte';
import Teams from './pages/Teams.svelte';
import Trends from './pages/Trends.svelte';
import { DIMENSION_NAMES, type Dimension } from './lib/question.ts';

export interface Page {
  title: string;
  /** The place in the sidebar. */
  section: string;
  /** Whether what it shows is of a period. */
  hasPeriod: boolean;
  /** The properties differ from page to page; each is given its own right here. */
  component: Component<any>;
  given: Record<string, unknown>;
}

/** Folders whose pages are about one thing each, and where they belong. */
const ENTITIES: Record<string, { dimension: Dimension; section: string }> = {
  teams: { dimension: 'team', section: '/teams' },
  people: { dimension: 'developer', section: '/teams' },
  repos: { dimension: 'repo', section: '/repos' },
  branches: { dimension: 'branch', section: '/repos' },
  pulls: { dimension: 'pr', section: '/repos' },
  tickets: { dimension: 'ticket', section: '/repos' },
  models: { dimension: 'model', section: '/models' },
  clients: { dimension: 'client', section: '/explore' },
  projects: { dimension: 'project', section: '/explore' },
};

function page(title: string, section: string, component: Page['component'], given: Record<string, unknown> = {}, hasPeriod = true): Page {
  return { title, section, hasPeriod, component, given };
}

export function pageAt(parts: readonly string[]): Page {
  const [folder, name, ...more] = parts;
  if (more.length > 0) return page('Not found', '', NotFound, {}, false);
  const entity = ENTITIES[folder ?? ''];
  if (name !== undefined && entity !== undefined) {
    return page(`${DIMENSION_NAMES[entity.dimension]} ${name}`, entity.section, Entity, { dimension: entity.dimension, value: name });
  }
  switch (folder) {
    case undefined:
      return page('Overview', '/', Overview);
    case 'anomalies':
      return page('Unlike the days before', '/', Anomalies);
    case 'explore':
      return page('Explore', '/explore', Explore);
    case 'trends':
      return page('Trends', '/trends', Trends, {}, false);
    case 'forecast':
      return page('Forecast', '/forecast', Forecast, {}, false);
    case 'teams':
    case 'people':
      return page('Teams and people', '/teams', Teams);
    case 'repos':
      return page('Repositories', '/repos', Repos);
    case 'sessions':
      return name === undefined ? page('Sessions', '/sessions', Sessions) : page(`Session ${name}`, '/sessions', Session, { id: name }, false);
    case 'calls':
      return name === undefined ? page('Not found', '', NotFound, {}, false) : page('Call', '/sessions', Call, { id: name }, false);
    case 'models':
      return page('Models', '/models', Models);
    case 'budgets':
      return page('Budgets', '/budgets', Budgets, {}, false);
    case 'sources':
      return page('Sources', '/sources', Sources);
    case 'prices':
      return page('Prices', '/prices', Prices, {}, false);
    case 'settings':
      return page('Settings', '/settings', Settings, { part: name ?? 'organisation' }, false);
    default:
      return page('Not found', '', NotFound, {}, false);
  }
}
