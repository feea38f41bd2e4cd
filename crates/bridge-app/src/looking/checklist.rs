//! What a new bridge still needs: one list, each with whether it is done. Nothing here is needed by law: a bridge without a
//! remote works. Not what is wrong now: that is [`super::standing`].

use crate::bridge::App;
use crate::state::last_backup::{LastBackup, overdue};

/// One thing to do once.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Its short name: "3 of 5 done: a phone, a number, …".
    pub name: &'static str,
    /// What to do.
    pub todo: &'static str,
    /// The page where it is done; none: it is done from a shell.
    pub page: Option<&'static str>,
    is_done: fn(&App) -> bool,
}

/// To add one, add it here.
pub const ITEMS: &[Item] = &[
    Item {
        name: "a phone",
        todo: "Add the phone, modem or provider that hands in SMS, and let it send the first one",
        page: Some("/admin/ui/receivers"),
        is_done: |app| app.receivers.each().iter().any(|(_, seen)| seen.last_seen_at.is_some()),
    },
    Item {
        name: "a number",
        todo: "Say which number people text: at the receiver, or as sms_receiver_number",
        page: Some("/admin/settings/ui#sms_receiver_number"),
        is_done: |app| app.receivers.has_number(&app.live.now()),
    },
    Item {
        name: "a remote",
        todo: "Name the database that is told validated numbers: SMS_BRIDGE_REMOTE_URL. An app that asks the API, or has a webhook, needs none",
        page: None,
        is_done: |app| app.has_remote(),
    },
    Item {
        name: "an alert",
        todo: "Let somebody be told when something is wrong: by push, e-mail or chat",
        page: Some("/admin/ui/alerts"),
        is_done: |app| app.notify.all().iter().any(|target| target.enabled),
    },
    Item {
        name: "a backup",
        todo: "Make a backup: sms-bridge backup FILE, and let it be made again and again (docs/backup.md)",
        page: None,
        is_done: |app| {
            let last = LastBackup::read(&app.options.data_dir);
            let wanted = app.live.now().backup_wanted_every_hours;
            last.is_some() && overdue(last.as_ref(), app.clock.now(), wanted).is_none()
        },
    },
];

/// Each with whether it is done.
#[must_use]
pub fn look(app: &App) -> Vec<(Item, bool)> {
    ITEMS.iter().map(|item| (*item, (item.is_done)(app))).collect()
}

/// Said in one line: `3 of 5 done: a phone, a number, a remote`.
#[must_use]
pub fn in_words(items: &[(Item, bool)]) -> String {
    let done: Vec<&str> = items.iter().filter(|(_, done)| *done).map(|(item, _)| item.name).collect();
    let names = if done.is_empty() { String::new() } else { format!(": {}", done.join(", ")) };
    format!("{} of {} done{names}", done.len(), items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_named() {
        let with =
            |done: usize| -> Vec<_> { ITEMS.iter().enumerate().map(|(n, item)| (*item, n < done)).collect() };
        assert_eq!(in_words(&with(0)), "0 of 5 done");
        assert_eq!(in_words(&with(2)), "2 of 5 done: a phone, a number");
    }
}
