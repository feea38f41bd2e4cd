//! An example for every body of the description, made of its schema and of one list: what stands under which name. A schema
//! that has an example of its own keeps it.

use serde_json::{Map, Value, json};
use utoipa::openapi::content::Content;
use utoipa::openapi::{OpenApi, RefOr};

/// No schema of ours is nested deeper.
const DEPTH_MAX: usize = 8;
const NOON: &str = "2026-01-31T12:00:00Z";
const ID: &str = "019c13a8-5a00-7c3e-9d55-0f6b1a2c3d4e";
const HASH: &str = "a06f2c1be94d07358ab1d4c6e5f7092b3d8e61a4c7f05b92e8d3a6170c4fb95e";

/// What stands under a name, wherever it is; to show something better, add a line.
const NAMED: &[(&str, &str)] = &[
    ("action", "blacklist.add"),
    ("added_by", "olga"),
    ("address", "user@example.com"),
    ("android", "sms:+919800000001?body=ONBOARD:a06f2c1b"),
    ("app_version", "1.59.0"),
    ("blocked_by", "olga"),
    ("body", "from=%2B919876543210&text=hello"),
    ("category", "thresholds"),
    ("changed_by", "olga"),
    ("client_ip", "203.0.113.7"),
    ("content_type", "application/json"),
    ("country_code", "91"),
    ("description", "After so many SMS in a day a number is blacklisted"),
    ("detail", "this is what is wrong and what would be right"),
    ("device_id", "phone-1"),
    ("email", "user@example.com"),
    ("field", "mobile_number"),
    ("format", "smsgate"),
    ("hash", HASH),
    ("heartbeat_url", "http://127.0.0.1:8080/receivers/heartbeat"),
    ("inbox_url", "http://192.0.2.10:8080"),
    ("ios", "sms:+919800000001&body=ONBOARD:a06f2c1b"),
    ("kind", "sms"),
    ("local_mobile", "9876543210"),
    ("message_id", "m1"),
    ("mobile_number", "+919876543210"),
    ("name", "hall-phone"),
    ("network", "wifi"),
    ("number", "+919800000001"),
    ("onboarding_id", ID),
    ("reason", "asked for by the owner"),
    ("receiver", "hall-phone"),
    ("receiver_id", "hall-phone"),
    ("requested_by", "olga"),
    ("role", "operator"),
    ("secret", "k3y-of-the-hall-phone"),
    ("sender", "+919876543210"),
    ("setting_key", "blacklist_threshold"),
    ("setting_type", "integer"),
    ("sms_body", "ONBOARD:a06f2c1b"),
    ("sms_id", ID),
    ("sms_message", "ONBOARD:a06f2c1b"),
    ("sms_receiver_number", "+919800000001"),
    ("status_url", "http://127.0.0.1:8080/onboard/019c13a8-5a00-7c3e-9d55-0f6b1a2c3d4e"),
    ("subject", "+919876543210"),
    ("text", "ONBOARD:a06f2c1b"),
    ("token", "tZ5m3q1vX0Yk2pLw8sJd"),
    ("universal", "sms:+919800000001?&body=ONBOARD:a06f2c1b"),
    ("url", "http://127.0.0.1:8080/sms/receive/smsgate"),
    ("validation_status", "passed"),
    ("who", "olga"),
];

/// The schemas that examples are made of.
pub(super) struct Examples {
    schemas: Value,
}

impl Examples {
    pub(super) fn of(api: &OpenApi) -> Examples {
        let components = serde_json::to_value(&api.components).unwrap_or_default();
        Examples { schemas: components.get("schemas").cloned().unwrap_or_default() }
    }

    /// Gives a body its example.
    pub(super) fn show(&self, content: &mut RefOr<Content>) {
        let RefOr::T(content) = content else { return };
        if content.example.is_some() || !content.examples.is_empty() {
            return;
        }
        let schema = content.schema.as_ref().and_then(|schema| serde_json::to_value(schema).ok());
        content.example =
            schema.and_then(|schema| self.example("", &schema, 0)).filter(|shown| !is_bare(shown));
    }

    /// What a body is, as its schema says.
    pub(super) fn words(&self, content: &RefOr<Content>) -> Option<String> {
        let RefOr::T(Content { schema: Some(schema), .. }) = content else { return None };
        let schema = serde_json::to_value(schema).ok()?;
        let words = self.followed(&schema)?.get("description")?.as_str()?;
        Some(words.trim_end_matches('.').to_owned())
    }

    fn followed<'a>(&'a self, schema: &'a Value) -> Option<&'a Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(to) => self.schemas.get(to.rsplit('/').next()?),
            None => Some(schema),
        }
    }

    fn example(&self, name: &str, schema: &Value, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let schema = self.followed(schema)?;
        if let Some(own) = schema.get("example").or_else(|| schema.get("examples")?.get(0)) {
            return Some(own.clone());
        }
        if let Some(first) = schema.get("enum").and_then(|all| all.get(0)).or_else(|| schema.get("const")) {
            return Some(first.clone());
        }
        if let Some(all) = ["oneOf", "anyOf"].iter().find_map(|choice| schema.get(*choice)?.as_array()) {
            let real = all.iter().find(|one| one.get("type") != Some(&json!("null")))?;
            return self.example(name, real, depth + 1);
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            let parts = all.iter().filter_map(|one| self.example(name, one, depth + 1));
            let whole: Map<String, Value> =
                parts.filter_map(|part| part.as_object().cloned()).flatten().collect();
            return Some(Value::Object(whole));
        }
        let kind = schema.get("type");
        let kind = kind.and_then(Value::as_str).or_else(|| kind?.as_array()?.iter().find_map(Value::as_str));
        match kind? {
            "object" => Some(self.object(schema, depth)),
            "array" => {
                let one = self.example(name, schema.get("items")?, depth + 1);
                Some(Value::Array(one.into_iter().collect()))
            }
            "boolean" => Some(Value::Bool(false)),
            "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or(json!(1))),
            _ => Some(text(name, schema)),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut members = Map::new();
        for (name, of) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = self.example(name, of, depth + 1) {
                members.insert(name.clone(), value);
            }
        }
        Value::Object(members)
    }
}

fn text(name: &str, schema: &Value) -> Value {
    let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let shown = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => NOON,
        Some("uuid") => ID,
        _ => named.unwrap_or("text"),
    };
    json!(shown)
}

/// It shows nothing.
fn is_bare(shown: &Value) -> bool {
    shown == &json!({}) || shown == &json!("text")
}
