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

export function problemResponse(problem: Problem, requestId: string): Response {
  const { status } = contract.problems[problem.code];
  const headers = new Headers({ "Content-Type": "application/problem+json", ...problem.headers });
  if (status === 429 || status === 503) {
    headers.set("Retry-After", String(problem.retryAfter ?? RETRY_AFTER_SECONDS));
  }
  return new Response(JSON.stringify(problemBody(problem, requestId)), { status, headers });
}
