/** Every call of the API has its handler here; a missing or surplus one does not compile. */
import type { CallName } from '../wire/calls.ts';
import { alertHandlers } from './alerts.ts';
import { clusterHandlers } from './cluster.ts';
import type { Handlers } from './handler.ts';
import { historyHandlers } from './history.ts';
import { orgHandlers } from './org.ts';
import { peopleHandlers } from './people.ts';
import { seriesHandlers } from './series.ts';
import { tapHandlers } from './tap.ts';
import { tokenHandlers } from './token.ts';

export const handlers: Handlers<CallName> = { ...orgHandlers, ...clusterHandlers, ...tokenHandlers, ...seriesHandlers, ...alertHandlers, ...historyHandlers, ...tapHandlers, ...peopleHandlers };
