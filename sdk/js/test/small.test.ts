// The parts that need no bridge.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventReader } from "../src/events.js";
import { MobileValidated } from "../src/index.js";
import type { OnboardingStatus } from "../src/types.js";

describe("events", () => {
  it("are the same however the stream is cut", () => {
    const text =
      ': hello\r\n\r\nevent: status\r\ndata: {"a":\r\ndata: 1}\r\nid: 3\r\n\r\nevent:bridge\ndata:x:y\n\ndata\n\nevent: cut';
    const expected = [
      { event: "status", data: '{"a":\n1}' },
      { event: "bridge", data: "x:y" },
      { event: "message", data: "" },
    ];
    for (let size = 1; size <= text.length; size += 1) {
      const reader = new EventReader();
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, n) =>
        text.slice(n * size, n * size + size),
      );
      assert.deepEqual(
        pieces.flatMap((piece) => reader.read(piece)),
        expected,
        `pieces of ${size}`,
      );
    }
  });
});

describe("Mobile_validated", () => {
  const validated = {
    onboarding_id: "1",
    mobile_number: "+919876543210",
    status: "validated",
    validated_at: "2026-01-31T12:00:00Z",
    user_deadline: "2026-01-31T12:05:00Z",
  } as OnboardingStatus;
  const store = (kept: string | null) => ({
    kept,
    getItem() {
      return Promise.resolve(this.kept);
    },
    setItem(_: string, value: string) {
      this.kept = value;
    },
    removeItem() {
      this.kept = null;
    },
  });

  it("is kept with its first time, for each number", async () => {
    const on = store(null);
    const known = new MobileValidated(on);
    assert.equal(await known.when("+919876543210"), null);
    await known.keep({ ...validated, status: "pending" });
    assert.equal(on.kept, null);
    await known.keep(validated);
    await known.keep({ ...validated, validated_at: "2027-01-31T12:00:00Z" });
    await known.keep({ ...validated, mobile_number: "+15005550000" });
    assert.equal((await known.when("+91 98765-43210"))?.toISOString(), "2026-01-31T12:00:00.000Z");
    assert.notEqual(await known.when("+15005550000"), null);
    assert.equal(await known.when("+15005550001"), null);
    await known.forget();
    assert.equal(await known.when("+15005550000"), null);
  });

  for (const kept of ["", "{", "null", "[1]", '{"+919876543210":7}', '{"+919876543210":"soon"}']) {
    it(`is not known where the store holds ${JSON.stringify(kept)}`, async () => {
      const known = new MobileValidated(store(kept));
      assert.equal(await known.when("+919876543210"), null);
      await known.keep(validated);
    });
  }

  it("breaks nothing where the store is closed", async () => {
    const closed = () => {
      throw new Error("closed");
    };
    const known = new MobileValidated({ getItem: closed, setItem: closed, removeItem: () => {} });
    assert.equal(await known.when("+919876543210"), null);
    await known.keep(validated);
  });
});
