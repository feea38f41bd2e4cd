//! The navigation: one list of pages, drawn beside each of them.

use crate::access::Role;

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
            page("Webhooks", "/admin/ui/webhooks", 'h'),
            page("Alerts", "/admin/ui/alerts", 'd'),
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
            page("Words", "/admin/ui/words", 'k'),
            Entry { title: "Accounts", path: "/admin/ui/accounts", key: 'a', role: Role::Owner },
            Entry { title: "API keys", path: "/admin/ui/api-keys", key: 'i', role: Role::Owner },
        ],
    },
];

/// The page that an address belongs to: the longest of them that it begins with.
pub(super) fn page_of(path: &str) -> &'static str {
    let pages = NAV.iter().flat_map(|group| group.pages).map(|entry| entry.path);
    pages.filter(|page| path.starts_with(page)).max_by_key(|page| page.len()).unwrap_or("/admin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_its_page() {
        assert_eq!(page_of("/admin/ui/receivers/add"), "/admin/ui/receivers");
        assert_eq!(page_of("/admin/settings/ui/try"), "/admin/settings/ui");
        assert_eq!(page_of("/elsewhere"), "/admin");
    }

    #[test]
    fn keys_lead_to_one_page() {
        let mut keys: Vec<char> = NAV.iter().flat_map(|group| group.pages).map(|entry| entry.key).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
