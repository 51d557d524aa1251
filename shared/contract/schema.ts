import type * as z from 'zod';

/** A zod schema, by the names that the kernel and the workflow engine know it by. */
export type Schema<Parsed = unknown, Given = unknown> = z.ZodType<Parsed, Given>;
/** What a schema makes of a value: defaults filled in, transforms done. */
export type Parsed<S extends Schema> = z.output<S>;
/** What a schema takes. */
export type Given<S extends Schema> = z.input<S>;
