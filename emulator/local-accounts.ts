/**
 * The local cloud's accounts at the providers. They are made up, open nothing but the sandboxes of this machine, and are
 * therefore no secrets (I12).
 */
export const LOCAL_ACCOUNTS = {
  stripeApiKey: 'sk_test_local_mesh',
  twilioAccountSid: 'AC00000000000000000000000000000001',
  twilioAuthToken: 'local-auth-token',
  /** A number that Twilio lets test accounts send from (https://www.twilio.com/docs/iam/test-credentials). */
  twilioFrom: '+15005550006',
  purchasingPhone: '+15555550100',
  reportsPhone: '+15555550101',
  calendarToken: 'local-calendar-token',
  calendarId: 'deliveries',
  shippingToken: 'local-shipping-token',
} as const;

/** Values of the secrets that contracts name. */
export const localSecrets: Readonly<Record<string, string>> = {
  'stripe-api-key': LOCAL_ACCOUNTS.stripeApiKey,
  'twilio-account-sid': LOCAL_ACCOUNTS.twilioAccountSid,
  'twilio-auth-token': LOCAL_ACCOUNTS.twilioAuthToken,
  'calendar-access-token': LOCAL_ACCOUNTS.calendarToken,
  'shipping-api-token': LOCAL_ACCOUNTS.shippingToken,
};
