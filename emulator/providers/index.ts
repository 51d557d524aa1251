export { type CalendarSandboxOptions, startCalendar } from './calendar/sandbox.ts';
export type { FaultKind, FaultRule } from './fault-rule.ts';
export type { Sandbox, SandboxOptions } from './sandbox.ts';
export { type ShippingSandboxOptions, startShipping } from './shipping/sandbox.ts';
export { type StripeSandboxOptions, startStripe } from './stripe/sandbox.ts';
export { startTwilio, type TwilioSandboxOptions } from './twilio/sandbox.ts';
