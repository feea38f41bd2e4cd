// From end to end through a tunnel that is there and no use: a browser, the edge in workerd, what stands in the tunnel's
// place, the program, a phone.
import { TWILIO, awayAndBack } from "../away.mjs";
import { EDGE_SECRET, Edge, isInstalled } from "../edge.mjs";
import { RECEIVER } from "../phones.mjs";
import { AWAY, Tunnel } from "../tunnel.mjs";

export const weight = 12;

export async function play(stage) {
  if (!isInstalled()) return console.log("SKIPPED edge_tunnel: its modules are not here; `cargo xtask test --only edge` installs them");
  const bridge = await stage.bridge([], { SMS_BRIDGE_EDGE_SECRET: EDGE_SECRET });
  await bridge.set("sms_receiver_number", RECEIVER);
  await bridge.set("local_sync_interval_seconds", 1);
  await bridge.must("POST", "/admin/receivers", TWILIO);
  const tunnel = await Tunnel.start(bridge);
  const edge = await Edge.start(tunnel, { EDGE_SPOOL: "on" });
  try {
    for (const [n, way] of Object.keys(AWAY).entries()) {
      await stage.test(`the tunnel ${way} while somebody waits, and is well again`, async () => {
        try {
          await awayAndBack(stage, bridge, edge, `198.51.100.${20 + n}`, {
            leave: () => tunnel.leave(way),
            comeBack: () => tunnel.comeBack(),
          });
        } finally {
          tunnel.comeBack();
        }
      });
    }
  } finally {
    await edge.stop();
    await tunnel.stop();
  }
}
