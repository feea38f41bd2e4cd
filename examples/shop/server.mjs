// A small shop that asks its customers to prove their mobile number: the whole journey in one file and one page, without a
// framework. Build ../../sdk/js first (npm ci && npm run build); then see README.md.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

// In your own app: import … from "sms-bridge-client".
import { BridgeProblem, SmsBridge, verifyWebhook, WebhookRefused } from "../../sdk/js/dist/index.js";

const { BRIDGE_URL = "http://127.0.0.1:8080", API_KEY, WEBHOOK_SECRET = "", PORT = "3000" } = process.env;
const bridge = new SmsBridge({ url: BRIDGE_URL, apiKey: API_KEY });
const page = await readFile(new URL("page.html", import.meta.url), "utf8");

// Yours are tables.
const customers = new Map(); // by session: { number, onboarding, confirmed }
const seen = new Set(); // webhooks that were taken

/** What people are told; one that is not here is our fault. */
const REFUSALS = {
  already_validated: "This number is confirmed already.",
  blacklisted: "This number cannot be confirmed here. Please ask us.",
  country_not_allowed: "Numbers of this country cannot be confirmed here.",
  invalid_mobile_number: "Write your mobile number with the country code, like +91 98765 43210.",
  invalid_request: "Please look at what you wrote.",
  onboarding_paused: "A short pause on our side. Please try again in a moment.",
  too_many_registrations: "There were too many tries. Please wait a while.",
};

const ROUTES = {
  "GET /": home,
  "POST /sign-up": signUp,
  "GET /back": back,
  "POST /hooks": hooks,
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url, own());
  try {
    const route = ROUTES[`${request.method} ${url.pathname}`];
    await (route ? route(request, response, url) : response.writeHead(404).end());
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`the shop listens on ${own()}`));

/** Where browsers find the shop. The setting return_url_origins of the bridge must name it. */
function own() {
  return process.env.SHOP_URL ?? `http://127.0.0.1:${server.address()?.port ?? PORT}`;
}

function home(request, response) {
  const customer = customers.get(session(request));
  if (customer?.confirmed) return show(response, `${customer.number} is yours. You can buy now.`, true);
  show(response, "", false);
}

/** Registers the number, and sends the customer to the page of the bridge. */
async function signUp(request, response) {
  const form = new URLSearchParams(await bodyOf(request));
  const visitor = session(request) ?? randomUUID();
  try {
    const registered = await bridge.register({
      mobile_number: form.get("mobile_number") ?? "",
      email: form.get("email") || null,
      device_id: visitor,
      client_ip: request.socket.remoteAddress,
      return_url: `${own()}/back`,
      metadata: { visitor },
    });
    customers.set(visitor, { number: registered.mobile_number, onboarding: registered.onboarding_id });
    response.setHeader("set-cookie", `session=${visitor}; Path=/; HttpOnly; SameSite=Lax`);
    redirect(response, new URL(registered.page_url, BRIDGE_URL).href);
  } catch (problem) {
    if (!(problem instanceof BridgeProblem)) throw problem;
    console.error(`register: ${problem.message} (${problem.requestId})`);
    show(response, REFUSALS[problem.code] ?? "Something went wrong on our side. Please try again.", false, 400);
  }
}

/** The customer comes back. What stands in the address proves nothing: the shop asks the bridge. */
async function back(request, response) {
  const customer = customers.get(session(request));
  if (!customer) return redirect(response, "/");
  const { status } = await bridge.status({ onboarding_id: customer.onboarding });
  customer.confirmed ||= status === "validated";
  if (customer.confirmed) return redirect(response, "/");
  show(response, `Your number is not confirmed (${status}). You can try again.`, false);
}

/** The bridge tells what happened, also of customers who never come back. */
async function hooks(request, response) {
  try {
    const event = await verifyWebhook({ secret: WEBHOOK_SECRET, headers: request.headers, body: await bodyOf(request) });
    if (!seen.has(event.id)) {
      seen.add(event.id);
      const customer = customers.get(event.data.metadata?.visitor);
      if (customer && event.type === "onboarding.validated") customer.confirmed = true;
      console.log(`webhook ${event.type} ${event.id}`);
    }
    response.writeHead(204).end();
  } catch (refused) {
    if (!(refused instanceof WebhookRefused)) throw refused;
    response.writeHead(400).end();
  }
}

/** The page with a sentence on it. */
function show(response, sentence, isConfirmed, status = 200) {
  const safe = sentence.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const html = page.replace("{sentence}", () => safe).replace("{state}", isConfirmed ? "confirmed" : "open");
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
}

function redirect(response, to) {
  response.writeHead(303, { location: to }).end();
}

function session(request) {
  return /(?:^|;\s*)session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
}

async function bodyOf(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > 64 * 1024) throw new Error("the body is too large");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
