//! A message of a Telegram bot.

use serde_json::json;

use super::{Call, Field, Message, Values, Way, Wrong, given, json as post, needed, wrong};

const SERVER: &str = "https://api.telegram.org";

pub(super) const WAY: Way = Way {
    word: "telegram",
    title: "Telegram",
    about: "A message of a Telegram bot of yours to you or to a group.",
    fields: &[
        Field::needed(
            "chat",
            "Chat",
            "The number of the chat, or @name of a channel. Write to the bot, then open https://api.telegram.org/bot<token>/getUpdates: it is at chat, id.",
            "-1001234567890",
        ),
        Field::needed("token", "Bot's token", "From @BotFather, when the bot is made.", "123456:ABC…")
            .secret(),
        Field::free("url", "Server", "Only with a Bot API server of your own.", SERVER),
    ],
    make,
    whom: |values| format!("chat {}", given(values, "chat").unwrap_or_default()),
};

fn make(values: &Values, message: &Message) -> Result<Call, Wrong> {
    let chat = needed(values, "chat")?;
    let is_chat = chat.strip_prefix('@').map_or_else(
        || chat.parse::<i64>().is_ok(),
        |name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
    );
    if !is_chat {
        return Err(wrong("chat", "must be the number of a chat, or @name of a channel"));
    }
    let token = needed(values, "token")?;
    if !token.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_')) {
        return Err(wrong("token", "is not as @BotFather gives it: 123456:ABC…"));
    }
    let server = given(values, "url").unwrap_or(SERVER).trim_end_matches('/');
    let text = format!("{}\n\n{}", message.title, message.text);
    let body = json!({
        "chat_id": chat, "text": text, "disable_notification": !message.is_urgent,
        "link_preview_options": {"is_disabled": true},
    });
    Ok(post(format!("{server}/bot{token}/sendMessage"), None, &body))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, values};
    use super::*;

    #[test]
    fn a_bot_writes_to_a_chat_and_never_elsewhere() {
        let made = make(&values(&[("chat", "-100123"), ("token", "1:A_b-c")]), &message());
        let Ok(Call::Post { url, body, .. }) = made else { panic!("a POST") };
        assert_eq!(url, "https://api.telegram.org/bot1:A_b-c/sendMessage");
        assert!(body.contains("\"chat_id\":\"-100123\"") && body.contains("nobody can register"), "{body}");
        for (chat, token, field) in
            [("me", "1:A", "chat"), ("@", "1:A", "chat"), ("1", "1:A/../x", "token"), ("1", "", "token")]
        {
            let wrong = make(&values(&[("chat", chat), ("token", token)]), &message()).err();
            assert_eq!(wrong.map(|wrong| wrong.field), Some(field), "{chat} {token}");
        }
    }
}
