//! A message to a topic of ntfy: the one on the internet, or one in the office.

use serde_json::json;

use super::{Call, Field, Message, Values, Way, Wrong, given, json as post, needed, wrong};

pub(super) const WAY: Way = Way {
    word: "ntfy",
    title: "ntfy",
    about: "A push message to everybody who follows a topic in the ntfy app: no account is needed.",
    fields: &[
        Field::needed(
            "url",
            "Topic",
            "Its address: who knows it may read it, so choose a name that nobody guesses.",
            "https://ntfy.sh/sms-bridge-7f3k2q",
        ),
        Field::free("token", "Access token", "Where the topic is protected.", "tk_…").secret(),
    ],
    make,
    whom: |values| given(values, "url").unwrap_or_default().split('?').next().unwrap_or_default().to_owned(),
};

/// As JSON to the root of the server: headers carry no more than ASCII.
fn make(values: &Values, message: &Message) -> Result<Call, Wrong> {
    let url = reqwest::Url::parse(needed(values, "url")?).map_err(|_| no_topic())?;
    let (root, topic) = url.path().trim_end_matches('/').rsplit_once('/').ok_or_else(no_topic)?;
    if topic.is_empty() || !topic.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(no_topic());
    }
    let mut server = url.clone();
    server.set_path(&format!("{root}/"));
    server.set_query(None);
    server.set_fragment(None);
    let tag = if message.is_good { "white_check_mark" } else { "warning" };
    let priority = if message.is_urgent { 5 } else { 3 };
    let body = json!({
        "topic": topic, "title": message.title, "message": message.text, "priority": priority, "tags": [tag],
    });
    Ok(post(server.to_string(), given(values, "token"), &body))
}

fn no_topic() -> Wrong {
    wrong("url", "must be the address of a topic, like https://ntfy.sh/sms-bridge-7f3k2q")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, values};
    use super::*;

    #[test]
    fn the_topic_is_the_last_part_of_the_address() {
        let pairs = values(&[("url", "http://192.168.1.5:8080/push/alerts/"), ("token", "tk_1")]);
        let Ok(Call::Post { url, headers, body }) = make(&pairs, &message()) else { panic!("a POST") };
        assert_eq!(url, "http://192.168.1.5:8080/push/");
        assert!(headers.contains(&("authorization", "Bearer tk_1".to_owned())));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["topic"], &body["priority"]), (&json!("alerts"), &json!(5)));
        for wrong in ["https://ntfy.sh/", "https://ntfy.sh", "ntfy.sh/x", "https://ntfy.sh/a%20b"] {
            assert_eq!(make(&values(&[("url", wrong)]), &message()).err(), Some(no_topic()), "{wrong}");
        }
    }
}
