/** Whether there is room for one more SMS among those that wait: a stranger may not take it all. */

export interface Room {
  /** SMS that wait, and the bytes of all. */
  items: number;
  bytes: number;
  /** Of those, SMS that came to the same URL with the same credentials, and from the same address. */
  ofUrl: number;
  ofAddress: number;
  /** The bridge took an SMS with this URL and these credentials before. */
  isKnown: boolean;
}

export const ROOM = {
  items: 20_000,
  bytes: 64 * 1024 * 1024,
  ofUrl: 5_000,
  ofAddress: 5_000,
  /** So much of everything is for those that the bridge let in before. */
  strangers: 0.25,
} as const;

/** Of those that the bridge does not take and that are kept for a while; beyond it the oldest is dropped. */
export const ASIDE = { items: 1_000, bytes: 8 * 1024 * 1024 } as const;

/** One SMS of so many bytes fits in. */
export function fits(room: Room, bytes: number): boolean {
  const share = room.isKnown ? 1 : ROOM.strangers;
  return (
    room.items < ROOM.items * share &&
    room.bytes + bytes <= ROOM.bytes * share &&
    room.ofUrl < ROOM.ofUrl * share &&
    room.ofAddress < ROOM.ofAddress * share
  );
}
