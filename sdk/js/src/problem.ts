/** Whatever goes wrong, as one kind of error with a stable `code`: the bridge's own problem (RFC 9457), or that none came. */

import type { Code, ProblemField } from "./types.js";

/** No answer came, none came in time, or one that is not the bridge's. */
export type Unanswered = "unreachable" | "no_answer" | "unexpected_answer";

export interface ProblemParts {
  code: Code | Unanswered;
  /** The HTTP status; 0 where there was no answer. */
  status: number;
  detail: string;
  title?: string;
  requestId?: string | undefined;
  errors?: readonly ProblemField[];
  /** Seconds until asking again makes sense. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

export class BridgeProblem extends Error {
  override readonly name = "BridgeProblem";
  readonly code: Code | Unanswered;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly errors: readonly ProblemField[];
  readonly retryAfter: number | undefined;

  constructor(parts: ProblemParts) {
    super(`${parts.code}: ${parts.detail}`, parts.cause === undefined ? {} : { cause: parts.cause });
    this.code = parts.code;
    this.status = parts.status;
    this.title = parts.title ?? parts.code;
    this.detail = parts.detail;
    this.requestId = parts.requestId;
    this.errors = parts.errors ?? [];
    this.retryAfter = parts.retryAfter;
  }

  /** The same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** What an answer that is no success says. A proxy's page in the bridge's place says nothing that can be used. */
export async function problemOf(answer: Response): Promise<BridgeProblem> {
  const retryAfter = secondsOf(answer.headers.get("retry-after"));
  const body = await read(answer);
  if (body === null) {
    const detail = `the answer is not the bridge's (HTTP ${answer.status})`;
    return new BridgeProblem({ code: "unexpected_answer", status: answer.status, detail, retryAfter });
  }
  return new BridgeProblem({
    code: body.code as Code,
    status: answer.status,
    title: body.title ?? "",
    detail: body.detail ?? "",
    requestId: body.request_id ?? answer.headers.get("x-request-id") ?? undefined,
    errors: body.errors ?? [],
    retryAfter,
  });
}

interface ProblemBody {
  code: string;
  title?: string;
  detail?: string;
  request_id?: string;
  errors?: ProblemField[];
}

async function read(answer: Response): Promise<ProblemBody | null> {
  try {
    const body: unknown = await answer.json();
    const isProblem =
      typeof body === "object" && body !== null && typeof (body as ProblemBody).code === "string";
    return isProblem ? (body as ProblemBody) : null;
  } catch {
    return null;
  }
}

function secondsOf(header: string | null): number | undefined {
  const seconds = Number(header ?? "");
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
