//! Counting tests from what the test harness prints. Not a judge: the exit code of cargo is.

/// The sum over every `test result:` line so far.
#[derive(Default)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    /// Counts a line like `test result: ok. 12 passed; 0 failed; …`; any other line counts nothing.
    pub(crate) fn read_line(&mut self, line: &str) {
        let plain = anstream::adapter::strip_str(line).to_string();
        let Some(result) = plain.trim_start().strip_prefix("test result:") else { return };
        self.passed += count_before(result, "passed");
        self.failed += count_before(result, "failed");
    }

    /// The closing line. A step that failed without a failing test (formatting, a compile error) counts
    /// as one failure: `0 failed` under a red run would be a lie.
    pub(crate) fn closing_line(&self, step_failed: bool) -> String {
        let failed = self.failed.max(u64::from(step_failed));
        format!("{} passed, {failed} failed", self.passed)
    }
}

fn count_before(result: &str, word: &str) -> u64 {
    let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
    let pair = words.windows(2).find(|pair| pair[1] == word && pair[0].bytes().all(|b| b.is_ascii_digit()));
    pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read_line(line));
        tally
    }

    #[test]
    fn sums_every_result_line_and_no_other() {
        let lines = [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 4 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out\n",
            "\u{1b}[1mtest result: \u{1b}[32mok\u{1b}[0m. 5 passed; 0 failed",
            "the words 9 passed; 9 failed in somebody's log",
        ];
        assert_eq!(tally(&lines).closing_line(true), "12 passed, 2 failed");
    }

    #[test]
    fn a_red_step_without_tests_is_one_failure() {
        assert_eq!(tally(&[]).closing_line(true), "0 passed, 1 failed");
        assert_eq!(tally(&[]).closing_line(false), "0 passed, 0 failed");
    }
}
