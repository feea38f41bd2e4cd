// Who is at the desk.

/** The owner, logged in. */
export function owner(stage, bridge, how = {}) {
  return stage.visitor({ ...how, headers: { Authorization: `Bearer ${bridge.keys.admin}` } });
}
