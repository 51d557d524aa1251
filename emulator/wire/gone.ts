/**
 * Why what a caller asked for is given up: it went away. This is told of every call whose stream has ended, answered or not, and an
 * abort without a reason makes an error of its own, with a stack: for each request, and read by nobody.
 */
export const GONE = new Error('the caller went away');
