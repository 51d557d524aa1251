/** The door of the room that knows Google's client libraries. Importing it loads none of the clients. */
export { type ApplyOptions, applyTopology, type ResourcePlan } from './apply-topology.ts';
export { EMULATOR_HOST, EMULATOR_PRINCIPAL } from './endpoint.ts';
export { createPorts, type GooglePorts, type PortsOptions } from './ports.ts';
export { type RestDocuments, restDocuments } from './rest-documents.ts';
export type { PushIdentity } from './subscription-config.ts';
