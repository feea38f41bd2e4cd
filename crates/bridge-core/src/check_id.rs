//! The names of the checks and their order, stated once: the lowest file that knows them, so that verdicts and
//! settings can name a check without knowing how it judges. Not what a check does: that is its file in `checks`.

/// Hands the list, in 003's order, to another macro. To add a check, write its file in `checks` and add its name here.
macro_rules! each_check {
    ($then:ident) => {
        $then! {
            mobile_check
            duplicate_check
            header_hash_check
            count_check
            foreign_number_check
            blacklist_check
            time_window_check
        }
    };
}
pub(crate) use each_check;

macro_rules! names {
    ($($name:ident)*) => {
        const NAMES: [&str; [$(stringify!($name)),*].len()] = [$(stringify!($name)),*];
        /// The setting that switches each of them.
        const TOGGLES: [&str; NAMES.len()] = [$(concat!(stringify!($name), "_enabled")),*];
    };
}

each_check!(names);

/// One of the checks, by its place in 003's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(u8);

impl CheckId {
    /// How many checks there are.
    pub const COUNT: usize = NAMES.len();

    /// All of them in 003's order.
    pub fn all() -> impl ExactSizeIterator<Item = CheckId> + Clone {
        (0..u8::try_from(CheckId::COUNT).unwrap_or(u8::MAX)).map(CheckId)
    }

    /// Its place in 003's order, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its name: `mobile_check`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }

    /// The key of the setting that switches it: `mobile_check_enabled`.
    #[must_use]
    pub fn toggle(self) -> &'static str {
        TOGGLES[self.index()]
    }

    /// The check of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<CheckId> {
        CheckId::all().find(|check| check.name() == name)
    }
}
