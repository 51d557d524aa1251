import { openSandbox, type Sandbox, type SandboxOptions } from '../sandbox.ts';
import { Shipping, type ShippingBooks, type ShippingRules } from './shipping.ts';

export interface ShippingSandboxOptions extends SandboxOptions, ShippingRules {}

/** Starts the shipping service; clients need nothing but its URL. */
export function startShipping(options: ShippingSandboxOptions = {}): Promise<Sandbox<ShippingBooks>> {
  return openSandbox((world) => new Shipping(world, options), options);
}
