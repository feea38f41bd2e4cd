// A reporter for node's tests: one line as cargo's tests end, which `cargo xtask test` counts.
export default async function* resultLine(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    const isTest = data?.details?.type !== "suite";
    passed += type === "test:pass" && isTest && !data.skip ? 1 : 0;
    failed += type === "test:fail" && isTest ? 1 : 0;
  }
  yield `test result: ${failed === 0 ? "ok" : "FAILED"}. ${passed} passed; ${failed} failed\n`;
}
