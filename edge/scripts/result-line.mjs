// A reporter for vitest: one line as cargo's tests end, which `cargo xtask test` counts.
export default class ResultLine {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => Array.from(module.children.allTests()));
    const ended = (state) => tests.filter((test) => test.result().state === state).length;
    const word = ended("failed") === 0 ? "ok" : "FAILED";
    process.stdout.write(`test result: ${word}. ${ended("passed")} passed; ${ended("failed")} failed\n`);
  }
}
