//! The journeys that everybody wants to see: one honest phone, every way to cheat, and every format. The Test Lab plays
//! the one that is asked for; the command `demo` plays all but the formats, in this order.

use std::future::Future;
use std::pin::Pin;

use bridge_core::{Span, Timestamp};
use serde_json::{Value, json};

use super::LabError;
use super::sandbox::{Event, Sandbox, Sending};

/// One journey.
pub struct Preset {
    /// Its name in the API.
    pub name: &'static str,
    /// What happens, for people.
    pub about: &'static str,
    /// What should become of it by the default settings.
    pub expected: &'static str,
    play: Play,
}

type Played<'a> = Pin<Box<dyn Future<Output = Result<(), LabError>> + Send + 'a>>;
type Play = for<'a> fn(&'a mut Stage<'_>) -> Played<'a>;

/// So many guesses are enough to be blacklisted, unless the threshold is higher than anybody waits for.
const GUESSES_MAX: u32 = 200;
const SECOND: Span = Span(1_000);
/// Countries to choose one from that may not register.
const ABROAD: [&str; 4] = ["44", "49", "1", "91"];

/// Every journey.
pub static PRESETS: &[Preset] = &[
    Preset {
        name: "right",
        about: "the right SMS from the right phone",
        expected: "passed",
        play: |stage| {
            Box::pin(async move {
                let honest = stage.registered().await?;
                stage.shows(honest.sends(&honest.body)).await
            })
        },
    },
    Preset {
        name: "redelivered",
        about: "the phone app delivers it a second time",
        expected: "passed",
        play: |stage| {
            Box::pin(async move {
                let honest = stage.registered().await?;
                let sms = Sending {
                    received: Some(stage.now()),
                    id: Some(format!("redelivered-{}", honest.number)),
                    ..honest.sends(&honest.body)
                };
                stage.sends(sms.clone()).await?;
                stage.shows(sms).await
            })
        },
    },
    Preset {
        name: "wrong-hash",
        about: "a guessed hash",
        expected: "header_hash_check",
        play: |stage| {
            Box::pin(async move {
                let guesser = stage.registered().await?;
                let text = format!("{}:{}", guesser.header(), "0".repeat(64));
                stage.shows(guesser.sends(&text)).await
            })
        },
    },
    Preset {
        name: "no-hash",
        about: "a text without a hash",
        expected: "header_hash_check",
        play: |stage| {
            Box::pin(async move {
                let chatty = stage.registered().await?;
                stage.shows(chatty.sends("Hello, what am I to do?")).await
            })
        },
    },
    Preset {
        name: "wrong-sender",
        about: "somebody else's hash, from another phone",
        expected: "header_hash_check",
        play: |stage| {
            Box::pin(async move {
                let victim = stage.registered().await?;
                let thief = stage.somebody()?;
                stage.shows(Sending { sender: thief, ..victim.sends(&victim.body) }).await
            })
        },
    },
    Preset {
        name: "no-number",
        about: "a sender that is a name and no number",
        expected: "mobile_check",
        play: |stage| {
            Box::pin(async move {
                let victim = stage.registered().await?;
                stage.shows(Sending { sender: "MYBANK".to_owned(), ..victim.sends(&victim.body) }).await
            })
        },
    },
    Preset {
        name: "late",
        about: "received in time, but kept back until after the deadline",
        expected: "passed",
        play: |stage| {
            Box::pin(async move {
                let patient = stage.registered().await?;
                let received = stage.now() + SECOND;
                stage.deadline_passes().await;
                stage.shows(Sending { received: Some(received), ..patient.sends(&patient.body) }).await
            })
        },
    },
    Preset {
        name: "after-deadline",
        about: "sent two minutes after the deadline",
        expected: "time_window_check",
        play: |stage| {
            Box::pin(async move {
                let slow = stage.registered().await?;
                stage.deadline_passes().await;
                stage.shows(slow.sends(&slow.body)).await
            })
        },
    },
    Preset {
        name: "duplicate",
        about: "the validated number tries again",
        expected: "duplicate_check",
        play: |stage| {
            Box::pin(async move {
                let honest = stage.registered().await?;
                stage.sends(honest.sends(&honest.body)).await?;
                stage.sandbox.forward(SECOND).await;
                stage.shows(honest.sends(&honest.body)).await
            })
        },
    },
    Preset {
        name: "flood",
        about: "the right hash, after as many guesses as lead to the blacklist",
        expected: "count_check",
        play: |stage| {
            Box::pin(async move {
                let flooder = stage.registered().await?;
                let guesses = stage.sandbox.settings().blacklist_threshold.min(GUESSES_MAX);
                for guess in 1..=guesses {
                    let text = format!("{}:{guess:064x}", flooder.header());
                    stage.sends(flooder.sends(&text)).await?;
                }
                stage.shows(flooder.sends(&flooder.body)).await?;
                stage.is_refused("the flooder registers again", &flooder.number, "blacklisted").await
            })
        },
    },
    Preset {
        name: "foreign",
        about: "a number of another country registers",
        expected: "country_not_allowed",
        play: |stage| {
            Box::pin(async move {
                let settings = stage.sandbox.settings();
                let is_abroad =
                    |code: &&str| !settings.allowed_country_codes.iter().any(|allowed| allowed == *code);
                let code = ABROAD.into_iter().find(is_abroad).ok_or_else(|| {
                    LabError::Wrong("every country that this preset knows may register".to_owned())
                })?;
                let foreigner = stage.sandbox.somebody_of(code)?;
                stage.is_refused(stage.preset.about, &foreigner, "country_not_allowed").await
            })
        },
    },
];

/// The right SMS, delivered in every format.
static EVERY_FORMAT: Preset = Preset {
    name: "formats",
    about: "the right SMS, as each kind of phone, modem and provider delivers it",
    expected: "passed",
    play: |stage| {
        Box::pin(async move {
            for format in bridge_formats::all() {
                let honest = stage.registered().await?;
                let what = format!("the right SMS, delivered as {}", format.name);
                let sms =
                    Sending { what, format: Some(format.name.to_owned()), ..honest.sends(&honest.body) };
                stage.shows(sms).await?;
            }
            Ok(())
        })
    },
};

/// Every preset, the formats too.
pub fn all() -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().chain([&EVERY_FORMAT])
}

/// The preset of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    all().find(|preset| preset.name == name)
}

impl Preset {
    /// Plays it, and tells everything as it happens.
    pub async fn play(
        &self,
        sandbox: &mut Sandbox,
        tell: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), LabError> {
        (self.play)(&mut Stage { sandbox, preset: self, tell }).await
    }
}

/// A preset that is being played.
struct Stage<'a> {
    sandbox: &'a mut Sandbox,
    preset: &'a Preset,
    tell: &'a mut (dyn FnMut(Event) + Send),
}

/// Somebody who registered.
struct Person {
    number: String,
    /// The SMS that they were asked for.
    body: String,
}

impl Person {
    fn header(&self) -> &str {
        self.body.split(':').next().unwrap_or_default()
    }

    fn sends(&self, text: &str) -> Sending {
        Sending { sender: self.number.clone(), text: text.to_owned(), ..Sending::default() }
    }
}

impl Stage<'_> {
    fn now(&self) -> Timestamp {
        self.sandbox.now()
    }

    fn somebody(&mut self) -> Result<String, LabError> {
        self.sandbox.somebody()
    }

    /// Somebody new registers, and must be accepted.
    async fn registered(&mut self) -> Result<Person, LabError> {
        let fields = json!({"email": "user@example.com", "device_id": "phone-of-the-user"});
        let event = self.sandbox.register(&fields, super::REGISTERS).await?;
        let (answer, number) = (event.answer(), event.who.clone());
        (self.tell)(event);
        match answer["sms_body"].as_str() {
            Some(body) => Ok(Person { number, body: body.to_owned() }),
            None => {
                let why = answer["detail"].as_str().unwrap_or("registration was refused");
                Err(LabError::Wrong(format!("nobody can register in the Test Lab now: {why}")))
            }
        }
    }

    async fn is_refused(&mut self, what: &str, mobile: &str, expected: &'static str) -> Result<(), LabError> {
        let fields = json!({"mobile_number": mobile, "email": Value::Null, "device_id": "another-device"});
        let event = self.sandbox.register(&fields, what).await?;
        (self.tell)(Event { expected: Some(expected), ..event });
        Ok(())
    }

    /// An SMS that leads to what is shown.
    async fn sends(&mut self, sending: Sending) -> Result<(), LabError> {
        let what = "an SMS that comes before";
        let event = self.sandbox.send(Sending { what: what.to_owned(), ..sending }).await?;
        (self.tell)(event);
        Ok(())
    }

    /// The SMS that the preset is about.
    async fn shows(&mut self, sending: Sending) -> Result<(), LabError> {
        let what = if sending.what.is_empty() { self.preset.about.to_owned() } else { sending.what };
        let expected = Some(self.preset.expected);
        let event = self.sandbox.send(Sending { what, expected, ..sending }).await?;
        (self.tell)(event);
        Ok(())
    }

    async fn deadline_passes(&mut self) {
        let settings = self.sandbox.settings();
        let two_minutes = Span(120_000);
        let by = Span::seconds(settings.user_timelimit_seconds).0 + settings.tolerance().0 + two_minutes.0;
        self.sandbox.forward(Span(by)).await;
    }
}
