//! One question on the terminal, or in a pipe. Not whether an answer is good: that is `trial`.

use std::io::{BufRead, IsTerminal, Write};

use super::super::{BAD, BOLD, DIM};

/// Who is asked; nobody, where everything is given.
pub(super) struct Asker {
    pub(super) asks: bool,
}

impl Asker {
    /// Asks until the answer is taken. Nobody to ask: the usual answer must be.
    pub(super) fn until<T>(
        &self,
        question: &str,
        usual: &str,
        mut take: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        if !self.asks {
            return take(usual).map_err(|why| format!("{question}: {why}"));
        }
        loop {
            let answer =
                read(question, usual)?.ok_or("the answers ended before the questions: nothing is written")?;
            match take(&answer) {
                Ok(taken) => return Ok(taken),
                Err(why) => {
                    anstream::println!("  {BAD}✘{BAD:#} {}", super::super::plain::escaped_lines(&why));
                }
            }
        }
    }

    /// The same of what can be left out: where the answers ended, it is.
    pub(super) fn unless_ended<T>(
        &self,
        question: &str,
        usual: &str,
        take: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        if !self.asks {
            return self.until(question, usual, take);
        }
        loop {
            let Some(answer) = read(question, usual)? else { return take(usual) };
            match take(&answer) {
                Ok(taken) => return Ok(taken),
                Err(why) => {
                    anstream::println!("  {BAD}✘{BAD:#} {}", super::super::plain::escaped_lines(&why));
                }
            }
        }
    }

    /// A question with yes or no.
    pub(super) fn whether(&self, question: &str, usual: bool) -> Result<bool, String> {
        let word = if usual { "yes" } else { "no" };
        self.until(question, word, |answer| match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("yes or no".to_owned()),
        })
    }
}

/// None: there are no more answers.
fn read(question: &str, usual: &str) -> Result<Option<String>, String> {
    let shown = if usual.is_empty() { "none" } else { usual };
    anstream::print!("{BOLD}{question}{BOLD:#} {DIM}[{shown}]{DIM:#} ");
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| error.to_string())?;
    if read == 0 {
        anstream::println!();
        return Ok(None);
    }
    if !std::io::stdin().is_terminal() {
        // Nobody's Return ended the line.
        anstream::println!();
    }
    let answer = line.trim();
    Ok(Some(match answer {
        "" => usual.to_owned(),
        "none" => String::new(),
        answer => answer.to_owned(),
    }))
}
