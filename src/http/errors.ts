/** What goes wrong with a request before any system's own rules count: each system says it in its own words. */

/** A client's fault, by its HTTP status. */
export class HttpError extends Error {
  override readonly name: string = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const unauthorized = () => new HttpError(401, 'unauthorized');
export const forbidden = () => new HttpError(403, 'forbidden');
export const notFound = () => new HttpError(404, 'not found');

/** What express and its parts throw for a client's fault, too. */
export interface ClientFault extends Error {
  status: number;
  headers?: Record<string, string>;
  limit?: number;
}

export function isClientFault(error: unknown): error is ClientFault {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status >= 400 &&
    error.status < 500
  );
}
