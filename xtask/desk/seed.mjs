// A bridge that has been used: verdicts of every kind, receivers, something in quarantine, a blocked number. All of it
// through the HTTP API, as apps and phones do.

const number = (n) => `+9198100${String(n).padStart(5, "0")}`;

export async function seed(bridge) {
  // What the pages read is carried by workers: as fast as they can.
  for (const key of ["local_sync_interval_seconds", "hetzner_sync_interval_seconds", "counter_sync_interval_seconds"]) {
    await bridge.set(key, 1);
  }
  await bridge.set("sms_receiver_number", "+919800000000");
  const hall = await receiver(bridge, "hall-phone", "smsgate", "+919800000001");
  await bridge.must("POST", "/receivers/heartbeat", { battery: 87, charging: true, network: "wifi" }, hall);
  const gate = await receiver(bridge, "gate-modem", "generic", "+919800000002");
  await bridge.must("POST", "/receivers/heartbeat", { battery: 9, charging: false, network: "cellular" }, gate);
  await receiver(bridge, "spare-phone", "httpsms", "+919800000003");

  for (let n = 1; n <= 14; n++) {
    const { sms_body: text } = await bridge.register(number(n), { email: `user${n}@example.com`, device: `device-${n}` });
    // Some never send.
    if (n % 5) await bridge.sms(number(n), n % 7 ? text : `${text.slice(0, -4)}0000`, { key: n % 3 ? hall : gate });
  }
  // Every way to fail.
  const late = await bridge.register(number(50));
  await bridge.sms(number(50), late.sms_body, { at: new Date(Date.now() - 3_600_000) });
  await bridge.sms(number(51), "ONBOARD:" + "0".repeat(64));
  await bridge.sms("+447911123456", "Hello");
  await bridge.sms("AD-BANK", "Your loan is approved. Call now.");
  const flood = await bridge.register(number(52));
  for (let n = 0; n < 11; n++) await bridge.sms(number(52), `ONBOARD:${String(n).repeat(64).slice(0, 64)}`);
  await bridge.sms(number(52), flood.sms_body);
  const again = await bridge.register(number(1), { device: "device-1" }).catch(() => null);
  if (again) await bridge.sms(number(1), again.sms_body);

  await bridge.must("POST", "/admin/blacklist", { mobile_number: number(60), reason: "sells codes in a messenger group" });
  // Refused registrations: blocked, foreign.
  await bridge.ask("POST", "/onboard/register", { mobile_number: number(60) }, bridge.keys.app);
  await bridge.ask("POST", "/onboard/register", { mobile_number: "+447911123456" }, bridge.keys.app);
  // Nobody can read this.
  await bridge.ask("POST", "/sms/receive", { hello: "world" }, bridge.keys.phone);
  await bridge.ask("POST", "/sms/receive", "{not json", bridge.keys.phone);
  // The Test Lab, which is a bridge of its own.
  for (const preset of ["right", "late", "flood"]) await bridge.must("POST", `/admin/lab/presets/${preset}`);
  return { first: number(1), blocked: number(60), flooder: number(52) };
}

async function receiver(bridge, name, format, line) {
  const added = await bridge.must("POST", "/admin/receivers", { name, format, numbers: [line] });
  (bridge.receivers ??= {})[name] = added.secret;
  return added.secret;
}
