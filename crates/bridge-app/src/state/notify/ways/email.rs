//! An e-mail through a mail server of the operator's choice.

use lettre::message::Mailbox;

use super::{Call, Field, Mail, Message, Security, Values, Way, Wrong, given, needed, wrong};

pub(super) const WAY: Way = Way {
    word: "email",
    title: "E-mail",
    about: "An e-mail through your mail server, or that of your provider.",
    fields: &[
        Field::needed("to", "To", "One address, or several with commas.", "office@example.com"),
        Field::needed(
            "server",
            "Mail server",
            "Its name, and its port where it is not the usual one.",
            "smtp.example.com:587",
        ),
        Field {
            choices: &["starttls", "tls", "plain"],
            ..Field::free(
                "security",
                "Encryption",
                "starttls (port 587), tls (port 465), or plain (port 25), which goes no further than your own network.",
                "starttls",
            )
        },
        Field::free("user", "User", "Who logs in there. Empty: nobody does.", "office@example.com"),
        Field::free(
            "password",
            "Password",
            "Of that user. Most providers want one made for this alone: an app password.",
            "",
        )
        .secret(),
        Field::free(
            "from",
            "From",
            "Empty: the user, or the first address it goes to.",
            "bridge@example.com",
        ),
    ],
    make,
    whom: |values| given(values, "to").unwrap_or_default().to_owned(),
};

fn make(values: &Values, _: &Message) -> Result<Call, Wrong> {
    let to = needed(values, "to")?;
    let to = to.split(',').map(|text| mailbox("to", text)).collect::<Result<Vec<_>, Wrong>>()?;
    let security = match given(values, "security") {
        None | Some("starttls") => Security::StartTls,
        Some("tls") => Security::Tls,
        Some("plain") => Security::Plain,
        Some(_) => return Err(wrong("security", "must be starttls, tls or plain")),
    };
    let (host, port) = server(needed(values, "server")?, security)?;
    let login = match (given(values, "user"), given(values, "password")) {
        (Some(user), Some(password)) => Some((user.to_owned(), password.to_owned())),
        (None, None) => None,
        (Some(_), None) => return Err(wrong("password", "is missing: it belongs to the user")),
        (None, Some(_)) => return Err(wrong("user", "is missing: the password belongs to one")),
    };
    let from = match given(values, "from") {
        Some(from) => mailbox("from", from)?,
        None => given(values, "user").and_then(|user| user.parse().ok()).unwrap_or_else(|| to[0].clone()),
    };
    Ok(Call::Mail(Box::new(Mail { host, port, security, login, from, to })))
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, Wrong> {
    let text = text.trim();
    text.parse().map_err(|_| wrong(field, format!("has {text:?}, which is no e-mail address")))
}

/// `name`, `name:port`, `[address]:port`.
fn server(text: &str, security: Security) -> Result<(String, u16), Wrong> {
    let no_server =
        || wrong("server", "must be a name like smtp.example.com, with a port where it is not the usual one");
    let usual = match security {
        Security::StartTls => 587,
        Security::Tls => 465,
        Security::Plain => 25,
    };
    let is_alone = text.ends_with(']') || text.parse::<std::net::Ipv6Addr>().is_ok();
    let (host, port) = match text.rsplit_once(':').filter(|_| !is_alone) {
        Some((host, port)) => (host, port.parse().map_err(|_| no_server())?),
        None => (text, usual),
    };
    let host = host.trim_matches(['[', ']']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
    if host.is_empty() || port == 0 || !host.chars().all(is_name) {
        return Err(no_server());
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, values};
    use super::*;

    fn mail(pairs: &[(&str, &str)]) -> Result<Mail, Wrong> {
        match make(&values(pairs), &message())? {
            Call::Mail(mail) => Ok(*mail),
            Call::Post { .. } => panic!("an e-mail is no POST"),
        }
    }

    #[test]
    fn the_port_is_the_usual_one_and_it_is_from_whoever_logs_in() {
        let to = ("to", "a@example.com, B <b@example.com>");
        let made = mail(&[to, ("server", "smtp.example.com")]).ok().unwrap();
        assert_eq!(
            (made.host.as_str(), made.port, made.security),
            ("smtp.example.com", 587, Security::StartTls)
        );
        assert_eq!((made.to.len(), made.from.to_string().as_str()), (2, "a@example.com"));
        let made = mail(&[to, ("server", "[fd00::1]:2525"), ("security", "plain")]).ok().unwrap();
        assert_eq!((made.host.as_str(), made.port), ("fd00::1", 2525));
        let made = mail(&[
            to,
            ("server", "fd00::1"),
            ("security", "tls"),
            ("user", "u@x.example"),
            ("password", "p"),
        ]);
        let made = made.ok().unwrap();
        assert_eq!((made.port, made.from.to_string().as_str()), (465, "u@x.example"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let (to, server) = (("to", "a@example.com"), ("server", "smtp.example.com"));
        for (pairs, field) in [
            (vec![("to", "nobody"), server], "to"),
            (vec![("to", "a@example.com\r\nBcc: all@example.com"), server], "to"),
            (vec![to, ("server", "https://smtp.example.com")], "server"),
            (vec![to, ("server", "smtp.example.com:port")], "server"),
            (vec![to, ("server", ":25")], "server"),
            (vec![to, server, ("security", "some")], "security"),
            (vec![to, server, ("user", "u")], "password"),
            (vec![to, server, ("password", "p")], "user"),
            (vec![to, server, ("from", "me")], "from"),
        ] {
            assert_eq!(mail(&pairs).err().map(|wrong| wrong.field), Some(field), "{pairs:?}");
        }
    }
}
