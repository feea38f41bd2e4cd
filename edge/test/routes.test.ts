/** The edge's list of addresses against the bridge's own description: none is forgotten, and none is invented. */

import { describe, expect, it } from "vitest";
import description from "../../openapi.json";
import { ROUTES } from "../src/routes";

/** What of the bridge is to be had outside (outside.md section 3); the person's page is not in the description. */
const OUTSIDE = /^\/(onboard|onboarding)\/|^\/status$|^\/sms\/receive(\/|$)|^\/receivers\/heartbeat$/;
/** Spellings and the page, which the bridge has besides. */
const BESIDE = /^\/v(\/|$)|^\/embed\.js$|^\/\/|\/\/|.\/$/;

const shape = (path: string) => path.replace(/\{[^}]+\}|:\w+/g, "*");
const described = Object.entries(description.paths).filter(([path]) => OUTSIDE.test(path));

describe("the list of addresses", () => {
  it.each(described)("has %s, with its methods", (path, operations) => {
    const route = ROUTES.find((one) => shape(one.path) === shape(path));
    const methods = Object.keys(operations).map((method) => method.toUpperCase());
    expect(route?.methods).toEqual(expect.arrayContaining(methods));
    const more = route?.methods.filter((method) => !methods.includes(method)) ?? [];
    expect(["HEAD", "OPTIONS"]).toEqual(expect.arrayContaining(more));
  });

  it("has nothing that the bridge has not", () => {
    const known = new Set(described.map(([path]) => shape(path)));
    const unknown = ROUTES.filter(({ path }) => !BESIDE.test(path) && !known.has(shape(path)));
    expect(unknown).toEqual([]);
  });
});
