//! The settings an operator changes while the bridge runs, each declared exactly once (contract
//! section 6): from the declaration come the typed snapshot, the seed rows, reading and checking of
//! values, the API and the documentation. Not configuration: what the process needs to start is a
//! command line flag.

mod input;
mod rules;
mod values;

use serde_json::Value;

use crate::check_id::CheckId;
use crate::phone::Mobile;
use crate::time::Span;
pub use input::{Danger, Input};
pub use rules::{Broken, Rule};
use values::SettingValue;
pub use values::{Durability, HashStyle, LatePolicy, LogLevel};

/// The category of 003 a setting is shown under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Times and texts of the onboarding.
    General,
    /// How often the workers run.
    Sync,
    /// The checks.
    Validation,
    /// Limits of the checks.
    Thresholds,
    /// Stores and receivers.
    Infrastructure,
    /// Logs and maintenance.
    Monitoring,
}

impl Category {
    /// The word in the table and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Category::General => "general",
            Category::Sync => "sync",
            Category::Validation => "validation",
            Category::Thresholds => "thresholds",
            Category::Infrastructure => "infrastructure",
            Category::Monitoring => "monitoring",
        }
    }
}

/// One declared setting.
pub struct SettingDef {
    /// Its key in `sms_settings`.
    pub key: &'static str,
    /// Its category.
    pub category: Category,
    /// What it does, for the operator.
    pub description: String,
    /// What values it takes.
    pub rule: Rule,
    /// Values that may do harm.
    pub dangers: Vec<Danger>,
    access: Access,
}

enum Access {
    Field { read: fn(&mut Settings, &Value, &Rule) -> Result<(), String>, write: fn(&Settings) -> Value },
    Toggle(CheckId),
}

impl SettingDef {
    /// The toggle of a check. What switching it off may do stands in the check's own file.
    pub(crate) fn toggle(
        check: CheckId,
        description: String,
        danger_when_off: Option<&'static str>,
    ) -> SettingDef {
        SettingDef {
            key: check.toggle(),
            category: Category::Validation,
            description,
            rule: Rule::Flag,
            dangers: danger_when_off.map(|why| Danger::new(false, why)).into_iter().collect(),
            access: Access::Toggle(check),
        }
    }

    /// `integer`, `boolean`, `string` or `json`: `setting_type` of 003, which chooses the input.
    #[must_use]
    pub fn setting_type(&self) -> &'static str {
        match self.rule {
            Rule::Whole { .. } => "integer",
            Rule::Flag => "boolean",
            Rule::Text(_) | Rule::Choice(_) => "string",
            Rule::List(_) | Rule::Sequence => "json",
        }
    }

    /// What an input for it needs to know.
    #[must_use]
    pub fn input(&self) -> Input {
        self.rule.input()
    }

    /// Why that value may do harm, where it may.
    #[must_use]
    pub fn danger(&self, value: &Value) -> Option<&'static str> {
        self.dangers.iter().find(|danger| danger.value == *value).map(|danger| danger.why)
    }

    /// Its value in a snapshot.
    #[must_use]
    pub fn value(&self, settings: &Settings) -> Value {
        match &self.access {
            Access::Field { write, .. } => write(settings),
            Access::Toggle(check) => Value::Bool(settings.is_enabled(*check)),
        }
    }

    /// Its default.
    #[must_use]
    pub fn default_value(&self) -> Value {
        self.value(&Settings::default())
    }

    pub(crate) fn set(&self, settings: &mut Settings, value: &Value) -> Result<(), Broken> {
        let result = match &self.access {
            Access::Field { read, .. } => read(settings, value, &self.rule),
            Access::Toggle(check) => {
                bool::read(value, &self.rule).map(|on| settings.checks_enabled[check.index()] = on)
            }
        };
        result.map_err(|rule| Broken { key: self.key, rule })
    }

    /// The value as `sms_settings.setting_value` stores it: text as it is, anything else as JSON.
    #[must_use]
    pub fn to_text(&self, value: &Value) -> String {
        match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The typed value of a stored text; a text that is no JSON where JSON is wanted stays a string, and
    /// the rule refuses it by name.
    #[must_use]
    pub fn from_text(&self, text: &str) -> Value {
        match self.setting_type() {
            "string" => Value::String(text.to_owned()),
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())),
        }
    }
}

macro_rules! settings {
    ($(
        $category:ident {
            $( $(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr, $rule:expr
                $(, $danger:literal => $why:literal)*; )*
        }
    )*) => {
        /// One consistent set of settings. A request reads one snapshot and keeps it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $($( $(#[doc = $doc])+ pub $key: $type, )*)*
            /// The toggle of every check, in 003's order: `mobile_check_enabled` and so on.
            pub checks_enabled: [bool; CheckId::COUNT],
        }

        impl Default for Settings {
            fn default() -> Settings {
                Settings { $($( $key: $default, )*)* checks_enabled: [true; CheckId::COUNT] }
            }
        }

        pub(crate) fn fields() -> Vec<SettingDef> {
            vec![$($( SettingDef {
                key: stringify!($key),
                category: Category::$category,
                description: concat!($($doc),+).trim().to_owned(),
                rule: $rule,
                dangers: vec![$(Danger::new($danger, $why)),*],
                access: Access::Field {
                    read: |settings, value, rule| {
                        settings.$key = <$type as SettingValue>::read(value, rule)?;
                        Ok(())
                    },
                    write: |settings| settings.$key.write(),
                },
            }, )*)*]
        }
    };
}

/// A year.
const SECONDS_MAX: u32 = 31_536_000;

/// An interval of a worker: every one accepts 1 (contract section 6).
const INTERVAL: Rule = Rule::Whole { min: 1, max: 86_400, unit: "seconds" };
const THRESHOLD: Rule = Rule::Whole { min: 1, max: 1_000_000, unit: "SMS" };

settings! {
    General {
        /// How long an onboarding stays in the hot store. Must be longer than the time users have.
        onboarding_ttl_seconds: u32 = 86_400, Rule::Whole { min: 2, max: SECONDS_MAX, unit: "seconds" };
        /// How long a user has to send the SMS.
        user_timelimit_seconds: u32 = 300, Rule::Whole { min: 1, max: 86_400, unit: "seconds" };
        /// Random bytes that go into every hash.
        hash_salt_length: u32 = 16, Rule::Whole { min: 16, max: 64, unit: "bytes" };
        /// The number users send their SMS to, like +919876543210. Empty until you have one.
        sms_receiver_number: String = String::new(), Rule::Text(rules::number_or_empty);
        /// The words that may stand before the colon and the hash; the first is the one users are told.
        permitted_headers: Vec<String> = vec!["ONBOARD".to_owned()], Rule::List(rules::headers);
        /// The calling code that a number without + is read in, like 91.
        default_country_code: String = "91".to_owned(), Rule::Text(rules::calling_code);
        /// Onboardings of one number that may be open at once, each with its own hash.
        onboardings_per_mobile: u32 = 8, Rule::Whole { min: 1, max: 64, unit: "onboardings" };
        /// New hashes one number may ask for in an hour, from each client address.
        registrations_per_mobile_per_hour: u32 = 10, Rule::Whole { min: 1, max: 1_000_000, unit: "registrations" };
        /// How the text of the SMS names the registration: sha256 is 64 characters that the phone fills in, short is 16 that people can type.
        hash_style: HashStyle = HashStyle::Sha256, Rule::Choice(HashStyle::WORDS);
        /// The name of your app or website, as your users know it: their page says who asks.
        page_app_name: String = String::new(), Rule::Text(rules::short_text);
        /// Where your users read what becomes of their number, like https://example.com/privacy.
        page_privacy_url: String = String::new(), Rule::Text(rules::https_or_empty);
        /// Whom your users ask for help: an e-mail address, a phone number or a web address.
        page_help_contact: String = String::new(), Rule::Text(rules::short_text);
        /// The colour of the buttons of your users' page, like #0b5cad. Empty for ours.
        page_accent_colour: String = String::new(), Rule::Text(rules::colour_or_empty);
        /// The websites that the page may lead back to when it is done, like https://shop.example.
        return_url_origins: Vec<String> = Vec::new(), Rule::List(rules::origins);
        /// The websites that may show the page inside their own, like https://shop.example.
        embed_origins: Vec<String> = Vec::new(), Rule::List(rules::origins);
        /// The websites whose own pages may follow a registration with its token, like https://shop.example.
        status_origins: Vec<String> = Vec::new(), Rule::List(rules::origins);
        /// Anybody may register a number at /v, without an app.
        hosted_registration_enabled: bool = false, Rule::Flag,
            true => "Strangers can register numbers without any app: keep the bridge behind its edge, or each address has a small share.";
        /// A blocked e-mail address blocks its tags too: who blocks me@example.org blocks me+1@example.org.
        blocked_emails_ignore_tags: bool = true, Rule::Flag;
        /// The zone that the desk shows and reads times in, like Asia/Kolkata. Empty: that of each browser.
        time_zone: String = String::new(), Rule::Text(rules::zone_or_empty);
        /// Only registrations that an edge signed are taken. Needs SMS_BRIDGE_EDGE_SECRET.
        edge_required: bool = false, Rule::Flag,
            true => "Whoever registers past the edge is refused: an app of yours that speaks to the bridge directly, too.";
    }
    Sync {
        /// Longest wait before a validated number is written to the audit tables and pushed to the remote.
        hetzner_sync_interval_seconds: u32 = 10, INTERVAL;
        /// How often judged SMS are written to input_sms.
        local_sync_interval_seconds: u32 = 120, INTERVAL;
        /// How often the blacklist is written to and read from blacklist_sms.
        blacklist_check_interval_seconds: u32 = 300, INTERVAL;
        /// How often new and changed onboardings are written to onboarding_mobile.
        onboarding_sync_interval_seconds: u32 = 1, INTERVAL;
        /// Most rows that one step of a worker moves.
        batch_size: u32 = 500, Rule::Whole { min: 1, max: 10_000, unit: "rows" };
        /// How often the counters are saved.
        counter_sync_interval_seconds: u32 = 60, INTERVAL;
        /// How often passed deadlines become expired and old keys are cleared.
        cleanup_interval_seconds: u32 = 10, INTERVAL;
        /// How often SMS that were stored for later are tried again.
        replay_interval_seconds: u32 = 5, INTERVAL;
        /// How often rows past their retention are purged.
        purge_interval_seconds: u32 = 3_600, INTERVAL;
        /// Days the audit tables keep a row; 0 keeps it for ever.
        audit_retention_days: u32 = 400, Rule::Whole { min: 0, max: 36_500, unit: "days" },
            0 => "Numbers and texts of people are kept for ever.";
    }
    Validation {
        /// The order in which the checks run; the first that fails ends the judgement.
        check_sequence: Vec<CheckId> = CheckId::all().collect(), Rule::Sequence;
        /// Calling codes that may register and be validated, like 91.
        allowed_country_codes: Vec<String> = vec!["91".to_owned()], Rule::List(rules::calling_codes);
        /// How far the clocks of phones may be off.
        clock_skew_tolerance_seconds: u32 = 60, Rule::Whole { min: 0, max: 600, unit: "seconds" };
        /// What becomes of an SMS that was received in time and reached the bridge after the deadline.
        late_delivery_policy: LatePolicy = LatePolicy::Accept, Rule::Choice(LatePolicy::WORDS),
            "reject" => "People who sent their SMS in time are refused when a receiver or its network was cut off.";
    }
    Thresholds {
        /// SMS of one number in 24 hours above which count_check fails.
        count_check_threshold: u32 = 5, THRESHOLD;
        /// SMS of one number in 24 hours above which it is blacklisted. Must be above count_check_threshold.
        blacklist_threshold: u32 = 10, THRESHOLD;
    }
    Infrastructure {
        /// When an SMS is acknowledged: strict waits until it is on disk, everysec may lose a second in a power cut.
        durability: Durability = Durability::Strict, Rule::Choice(Durability::WORDS),
            "everysec" => "A power cut may lose SMS of the last second that were acknowledged: no phone sends them again.";
        /// Share of Redis' memory above which new SMS wait in the journal and registration pauses.
        redis_memory_limit_percent: u32 = 80, Rule::Whole { min: 1, max: 100, unit: "percent" };
        /// Times a row that the remote refuses is tried before it is set aside.
        max_database_retries: u32 = 3, Rule::Whole { min: 1, max: 100, unit: "tries" };
        /// Silence after which a receiver that pings regularly counts as gone; at least three times its usual gap.
        receiver_silence_seconds: u32 = 600, Rule::Whole { min: 1, max: 604_800, unit: "seconds" };
        /// How often you want a backup: when the last one is older, the bridge says so. 0 says nothing.
        backup_wanted_every_hours: u32 = 0, Rule::Whole { min: 0, max: 8_760, unit: "hours" };
    }
    Monitoring {
        /// How much is logged.
        log_level: LogLevel = LogLevel::Info, Rule::Choice(LogLevel::WORDS);
        /// Pauses registration and keeps SMS for later.
        maintenance_mode: bool = false, Rule::Flag,
            true => "Nobody can register, and SMS are kept but not judged until it is off again.";
    }
}

impl Settings {
    /// Is this check switched on?
    #[must_use]
    pub fn is_enabled(&self, check: CheckId) -> bool {
        self.checks_enabled[check.index()]
    }

    /// Is the check of that name switched on? False for a name that no check has.
    #[must_use]
    pub fn is_enabled_by_name(&self, name: &str) -> bool {
        CheckId::from_name(name).is_some_and(|check| self.is_enabled(check))
    }

    /// `clock_skew_tolerance_seconds` as a span.
    #[must_use]
    pub fn tolerance(&self) -> Span {
        Span::seconds(self.clock_skew_tolerance_seconds)
    }

    /// The country of this number may register.
    #[must_use]
    pub fn allows_country(&self, mobile: &Mobile) -> bool {
        self.allowed_country_codes.iter().any(|code| code == mobile.calling_code())
    }

    /// The header users are told to send.
    #[must_use]
    pub fn header(&self) -> &str {
        self.permitted_headers.first().map_or("ONBOARD", String::as_str)
    }

    /// This snapshot with one value changed, if the value and the whole are valid.
    pub fn with(&self, def: &SettingDef, value: &Value) -> Result<Settings, Vec<Broken>> {
        self.with_all([(def, value)])
    }

    /// This snapshot with several values changed, if each of them and the whole are valid.
    pub fn with_all<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a SettingDef, &'a Value)>,
    ) -> Result<Settings, Vec<Broken>> {
        let mut changed = self.clone();
        let mut broken: Vec<Broken> =
            changes.into_iter().filter_map(|(def, value)| def.set(&mut changed, value).err()).collect();
        if broken.is_empty() {
            broken = cross_field(&changed);
        }
        if broken.is_empty() { Ok(changed) } else { Err(broken) }
    }
}

/// The rules between settings.
pub(crate) fn cross_field(settings: &Settings) -> Vec<Broken> {
    let mut broken = Vec::new();
    if settings.onboarding_ttl_seconds <= settings.user_timelimit_seconds {
        broken.push(Broken {
            key: "onboarding_ttl_seconds",
            rule: format!(
                "must be greater than user_timelimit_seconds, which is {}",
                settings.user_timelimit_seconds
            ),
        });
    }
    if settings.blacklist_threshold <= settings.count_check_threshold {
        broken.push(Broken {
            key: "blacklist_threshold",
            rule: format!(
                "must be greater than count_check_threshold, which is {}",
                settings.count_check_threshold
            ),
        });
    }
    broken
}
