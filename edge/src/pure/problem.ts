/** Errors in the words of the bridge: RFC 9457, with the codes and titles of its own list. */

import contract from "../generated/contract.json";

export type Code = keyof typeof contract.problems;

export interface Problem {
  code: Code;
  detail: string;
  /** Seconds after which the client may come again. */
  retryAfter?: number;
  headers?: Record<string, string>;
}

/** Thrown by whatever refuses a request; app.ts makes an answer of it. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** Where nothing better is known. */
const RETRY_AFTER_SECONDS = 2;

export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  const { status, title } = contract.problems[problem.code];
  return {
    type: `urn:sms-bridge:problem:${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    request_id: requestId,
  };
}

export function statusOf(code: Code): number {
  return contract.problems[code].status;
}

/** Seconds, where waiting helps. */
export function retryAfterOf(problem: Problem): number | undefined {
  const waits = [429, 503].includes(statusOf(problem.code));
  return waits ? (problem.retryAfter ?? RETRY_AFTER_SECONDS) : undefined;
}

export function problemResponse(problem: Problem, requestId: string): Response {
  const status = statusOf(problem.code);
  const retryAfter = retryAfterOf(problem);
  const headers = new Headers({ "Content-Type": "application/problem+json", ...problem.headers });
  if (retryAfter !== undefined) {
    headers.set("Retry-After", String(retryAfter));
  }
  return new Response(JSON.stringify(problemBody(problem, requestId)), { status, headers });
}
