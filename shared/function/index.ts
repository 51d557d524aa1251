/** The door of the function room: what an agent's entry needs, and nothing else does. */
export { type ServeOptions, serveAgent } from './serve-agent.ts';
