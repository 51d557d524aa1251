import type { Clock } from '../shared/contract/clock.ts';
import { digest } from '../shared/contract/keys.ts';
import { LOCAL_ACCOUNTS } from './local-accounts.ts';
import type { CloudFaults, ProviderName } from './local-faults.ts';
import type { StartServer } from './local-server.ts';
import { startCalendar, startShipping, startStripe, startTwilio } from './providers/index.ts';

export interface ProvidersOptions {
  readonly clock?: Clock;
  readonly seed: number;
  readonly faults: NonNullable<CloudFaults['providers']>;
}

export type LocalProviders = Awaited<ReturnType<typeof startProviders>>;

/** Starts the sandboxes, all with the accounts that the local secrets and settings are of. */
export async function startProviders(
  start: StartServer<ProviderName>,
  { clock, seed, faults }: ProvidersOptions,
) {
  const common = (name: ProviderName) => ({
    ...(clock && { clock }),
    // Each its own: one seed for all would strike all of them at the same requests.
    seed: Number.parseInt(digest('sandbox', name, String(seed)).slice(0, 6), 32),
    faults: faults[name] ?? [],
  });
  const { stripeApiKey, twilioAccountSid, twilioAuthToken, calendarToken, calendarId, shippingToken } =
    LOCAL_ACCOUNTS;
  const [stripe, twilio, calendar, shipping] = await Promise.all([
    start('stripe', (place) => startStripe({ ...place, ...common('stripe'), secretKey: stripeApiKey })),
    start('twilio', (place) =>
      startTwilio({
        ...place,
        ...common('twilio'),
        accountSid: twilioAccountSid,
        authToken: twilioAuthToken,
      }),
    ),
    start('calendar', (place) =>
      startCalendar({ ...place, ...common('calendar'), token: calendarToken, calendars: [calendarId] }),
    ),
    start('shipping', (place) => startShipping({ ...place, ...common('shipping'), token: shippingToken })),
  ]);
  return { stripe, twilio, calendar, shipping };
}

/** Settings that lead the agents to the sandboxes. */
export function providerSettings(providers: LocalProviders): Record<string, string> {
  return {
    STRIPE_API_BASE: providers.stripe.url,
    TWILIO_API_BASE: providers.twilio.url,
    TWILIO_FROM: LOCAL_ACCOUNTS.twilioFrom,
    PURCHASING_PHONE: LOCAL_ACCOUNTS.purchasingPhone,
    REPORTS_PHONE: LOCAL_ACCOUNTS.reportsPhone,
    CALENDAR_API_BASE: providers.calendar.url,
    DELIVERY_CALENDAR: LOCAL_ACCOUNTS.calendarId,
    SHIPPING_API_BASE: providers.shipping.url,
  };
}
