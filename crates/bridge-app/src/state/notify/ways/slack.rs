//! A message by an incoming webhook of Slack, or of what speaks like it: Mattermost, Rocket.Chat, Discord with `/slack`.

use serde_json::json;

use super::{Call, Field, Message, Values, Way, Wrong, host, json as post, needed};

pub(super) const WAY: Way = Way {
    word: "slack",
    title: "Slack",
    about: "A message to a channel of Slack, Mattermost, Rocket.Chat, or Discord (with /slack behind the address).",
    fields: &[Field::needed(
        "url",
        "Incoming webhook",
        "Its address, as the app \"Incoming Webhooks\" gives it. Who knows it can write there.",
        "https://hooks.slack.com/services/…",
    )
    .secret()],
    make,
    whom: host,
};

fn make(values: &Values, message: &Message) -> Result<Call, Wrong> {
    let url = needed(values, "url")?;
    let text = format!("*{}*\n{}", escaped(&message.title), escaped(&message.text));
    Ok(post(url.to_owned(), None, &json!({ "text": text })))
}

/// The three signs by which Slack's texts say more than they seem to.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, values};
    use super::*;

    #[test]
    fn a_text_calls_nobody() {
        let values = values(&[("url", "https://hooks.slack.com/services/T/B/x")]);
        let hostile = Message { text: "<!channel> & <https://x|y>".to_owned(), ..message() };
        let Ok(Call::Post { body, .. }) = make(&values, &hostile) else { panic!("a POST") };
        assert!(body.contains("&lt;!channel&gt; &amp; &lt;https"), "{body}");
        assert_eq!((WAY.whom)(&values), "hooks.slack.com");
    }
}
