/** The onboarding user, written to Supabase beside the answer (sql/onboarding_users.sql). Never in the way of it. */

import type { Deps } from "./deps";
import type { components } from "./generated/openapi";
import { fieldsOf, type Incoming } from "./incoming";

type Registered = components["schemas"]["RegisterResponse"];

const PATIENCE_MS = 10_000;

export async function remember(deps: Deps, incoming: Incoming, answer: string): Promise<void> {
  const { supabase } = deps.settings;
  if (supabase === null) {
    return;
  }
  try {
    const registered = JSON.parse(answer) as Registered;
    const { email, device_id } = fieldsOf(incoming);
    const response = await deps.outside(
      `${supabase.url}/rest/v1/onboarding_users?on_conflict=onboarding_id`,
      {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          apikey: supabase.key,
          Authorization: `Bearer ${supabase.key}`,
          // The same registration may be answered twice: it is one row, as it was first.
          Prefer: "resolution=ignore-duplicates,return=minimal",
        },
        body: JSON.stringify({
          onboarding_id: registered.onboarding_id,
          mobile_number: registered.mobile_number,
          email: email ?? null,
          device_id: device_id ?? null,
          country: incoming.client.country,
          registered_at: registered.generated_at,
          user_deadline: registered.user_deadline,
        }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      },
    );
    await response.body?.cancel();
    if (!response.ok) {
      deps.log({ event: "supabase_failed", status: response.status });
    }
  } catch {
    deps.log({ event: "supabase_failed" });
  }
}
