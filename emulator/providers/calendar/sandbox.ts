import { openSandbox, type Sandbox, type SandboxOptions } from '../sandbox.ts';
import { Calendar, type CalendarAccess, type CalendarBooks } from './calendar.ts';

export interface CalendarSandboxOptions extends SandboxOptions, CalendarAccess {}

/**
 * Starts a sandbox that `@googleapis/calendar` talks to: `calendar({ version: 'v3', rootUrl: url + '/', auth })`, where `auth` is an
 * `auth.OAuth2` client holding the token as its `access_token`.
 */
export function startCalendar(options: CalendarSandboxOptions): Promise<Sandbox<CalendarBooks>> {
  return openSandbox((world) => new Calendar(world, options), options);
}
