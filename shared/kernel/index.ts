/** The kernel room's door. */
export { Blobs } from './blobs.ts';
export * from './dead-letter.ts';
export { chunkPath, withChunks } from './dead-letter-chunks.ts';
export * from './handler.ts';
export * from './handler-routes.ts';
export * from './inbox.ts';
export { type Answered, answerIn } from './kept-reply.ts';
export * from './kernel.ts';
export { payloadOf } from './opened.ts';
export * from './outcome.ts';
export * from './route.ts';
export { EnvelopeCodec } from './sealing/envelope-codec.ts';
export { eraseTenant } from './sealing/erase-tenant.ts';
export { readingStore } from './sealing/reading-store.ts';
