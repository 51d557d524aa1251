import { TwilioProblem } from './problem.ts';

/** E.164: a plus sign, a country code that does not begin with 0, at most 15 digits (https://www.twilio.com/docs/glossary/what-e164). */
const E164 = /^\+[1-9][0-9]{6,14}$/;

/** Numbers that fail by appointment (https://www.twilio.com/docs/iam/test-credentials#test-sms-messages). */
const FAILING_TO: Readonly<Record<string, readonly [number, string]>> = {
  '+15005550001': [21211, "The 'To' number +15005550001 is not a valid phone number."],
  '+15005550002': [
    21612,
    "The 'To' phone number: +15005550002, is not currently reachable using the 'From' phone number via SMS.",
  ],
  '+15005550003': [
    21408,
    "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: +15005550003.",
  ],
  '+15005550004': [21610, 'Attempt to send to unsubscribed recipient'],
  '+15005550009': [21614, "'To' number: +15005550009, is not a mobile number"],
};

const FAILING_FROM: Readonly<Record<string, readonly [number, string]>> = {
  '+15005550001': [
    21212,
    "The 'From' number +15005550001 is not a valid phone number, shortcode, or alphanumeric sender ID.",
  ],
  '+15005550007': [
    21606,
    "The 'From' phone number provided (+15005550007) is not a valid message-capable Twilio phone number for this destination.",
  ],
  '+15005550008': [21611, "This 'From' number has exceeded the maximum number of queued messages"],
};

/** Throws 21604 without a number, 21211 for one that is not E.164, or what Twilio's failing test numbers stand for. */
export function checkTo(to: string | null): string {
  if (to === null || to === '') throw new TwilioProblem(400, 21604, "A 'To' phone number is required.");
  if (!E164.test(to))
    throw new TwilioProblem(400, 21211, `The 'To' number ${to} is not a valid phone number.`);
  return refuse(FAILING_TO, to);
}

/** Throws 21212 for a sender that is neither an E.164 number, a short code nor an alphanumeric id. */
export function checkFrom(from: string): string {
  const alphanumeric = /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/.test(from);
  if (!E164.test(from) && !/^[0-9]{5,6}$/.test(from) && !alphanumeric) {
    const message = `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`;
    throw new TwilioProblem(400, 21212, message);
  }
  return refuse(FAILING_FROM, from);
}

function refuse(failing: Readonly<Record<string, readonly [number, string]>>, number: string): string {
  const failure = failing[number];
  if (failure !== undefined) throw new TwilioProblem(400, ...failure);
  return number;
}
