export { startCalendar } from './calendar/sandbox.ts';
export type { FaultRule } from './fault-rule.ts';
export type { Sandbox } from './sandbox.ts';
export { startShipping } from './shipping/sandbox.ts';
export { startStripe } from './stripe/sandbox.ts';
export { startTwilio } from './twilio/sandbox.ts';
