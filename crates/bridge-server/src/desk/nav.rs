//! The way to the pages: one list, drawn beside each of them.

use super::access::Role;

/// Pages of one purpose.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) pages: &'static [Entry],
}

/// One page.
pub(super) struct Entry {
    pub(super) title: &'static str,
    pub(super) path: &'static str,
    /// After `g` on the keyboard.
    pub(super) key: char,
    pub(super) role: Role,
}

const fn page(title: &'static str, path: &'static str, key: char) -> Entry {
    Entry { title, path, key, role: Role::Viewer }
}

/// To show a page in the navigation, add a line.
pub(super) static NAV: &[Group] = &[
    Group {
        title: "Watch",
        pages: &[
            page("Overview", "/admin", 'o'),
            page("SMS", "/admin/ui/sms", 's'),
            page("Onboardings", "/admin/ui/onboardings", 'n'),
            page("Validated numbers", "/admin/ui/validated", 'v'),
        ],
    },
    Group {
        title: "Protect",
        pages: &[
            page("Abuse", "/admin/ui/abuse", 'u'),
            page("Blacklist", "/admin/ui/blacklist", 'b'),
            page("Blocked e-mail", "/admin/ui/blocked-emails", 'e'),
            page("Quarantine", "/admin/ui/quarantine", 'q'),
        ],
    },
    Group {
        title: "Run",
        pages: &[
            page("Receivers", "/admin/ui/receivers", 'r'),
            page("Sync & recovery", "/admin/ui/recovery", 'y'),
            page("Workers", "/admin/ui/workers", 'w'),
            page("Settings", "/admin/settings/ui", 't'),
            page("Test Lab", "/admin/ui/lab", 'x'),
        ],
    },
    Group {
        title: "People",
        pages: &[
            Entry { title: "A person", path: "/admin/ui/person", key: 'p', role: Role::Owner },
            page("Admin log", "/admin/ui/log", 'l'),
            Entry { title: "Accounts", path: "/admin/ui/accounts", key: 'a', role: Role::Owner },
        ],
    },
];
