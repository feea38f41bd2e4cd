//! How far people come on their page: the table `ops.page_funnel`. Not what becomes of their onboarding: that is
//! `onboarding_mobile`, which it is read beside.

use async_trait::async_trait;
use bridge_core::Timestamp;
use uuid::Uuid;

use crate::Result;

/// What somebody did on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It was shown.
    Opened,
    /// The button that opens the SMS app.
    Tapped,
    /// The text or the number was copied.
    Copied,
    /// It was opened through its QR code.
    Scanned,
}

impl Step {
    /// Every one, in their order.
    pub const ALL: [Step; 4] = [Step::Opened, Step::Tapped, Step::Copied, Step::Scanned];

    /// The word of the API, and the column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Step::Opened => "opened",
            Step::Tapped => "tapped",
            Step::Copied => "copied",
            Step::Scanned => "scanned",
        }
    }

    /// The step of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// One step of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageStep {
    /// Whose page.
    pub onboarding_id: Uuid,
    /// Their number: what is erased with the person is found by it.
    pub mobile_number: String,
    /// What they did.
    pub step: Step,
    /// When the bridge was told.
    pub at: Timestamp,
    /// In which language the page was.
    pub language: &'static str,
    /// On what: `android`, `ios` or `desktop`.
    pub platform: &'static str,
}

/// How many came how far, of those whose page was first opened in a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageFunnel {
    /// The language of the page.
    pub language: String,
    /// What it was opened on.
    pub platform: String,
    /// Whose page was opened.
    pub opened: u64,
    /// Who tapped the button.
    pub tapped: u64,
    /// Who copied text or number.
    pub copied: u64,
    /// Who came through the QR code.
    pub scanned: u64,
    /// Of whom an SMS was judged.
    pub sms_seen: u64,
    /// Who is validated.
    pub validated: u64,
}

/// So many of the newest are looked through for the figures.
pub const FUNNEL_ROWS: usize = 5_000;

/// How far people come.
#[async_trait]
pub trait PageTrail: Send + Sync + 'static {
    /// Notes steps, each of an onboarding once: what is noted already changes nothing. Language and platform are those of
    /// its first step. Opened on a desktop and then on a phone, it was scanned.
    async fn note_steps(&self, batch: &[PageStep]) -> Result<()>;
    /// Those whose first step was from then until before then, by language and platform, most first. Of at most
    /// [`FUNNEL_ROWS`], the newest.
    async fn page_funnel(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PageFunnel>>;
}
