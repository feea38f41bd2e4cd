//! Whether registration is paused, for those who wait to hear of a change. Not why: that is `registration::paused`. Not the
//! moment of the change: a worker tells it within a second.

use tokio::sync::watch;

/// Is registration paused?
#[derive(Debug)]
pub struct Pauses(watch::Sender<bool>);

impl Default for Pauses {
    fn default() -> Pauses {
        Pauses(watch::Sender::new(false))
    }
}

impl Pauses {
    /// It is so now.
    pub fn tell(&self, is_paused: bool) {
        self.0.send_if_modified(|known| std::mem::replace(known, is_paused) != is_paused);
    }

    /// Hears every change from now on.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_is_heard() {
        let pauses = Pauses::default();
        let heard = pauses.listen();
        pauses.tell(false);
        assert!(!heard.has_changed().unwrap());
        pauses.tell(true);
        assert!(heard.has_changed().unwrap());
    }
}
