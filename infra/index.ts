import { runProgram } from './program.ts';

/** What `pulumi stack output` tells. */
export const { topics, functions, database, queue, bundles, images, delivery, console } = await runProgram();
