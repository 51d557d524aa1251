import type { handleUnaryCall } from '@grpc/grpc-js';
import { toServiceError } from './status.ts';

/** Serves one unary method with a function of its request: what it throws becomes the call's status. */
export function unary<Request, Response>(
  serve: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await serve(call.request));
    } catch (error) {
      callback(toServiceError(error));
    }
  };
}
