//! A phone with SMSGate's local server, as far as its list goes: a small real HTTP server on a free port, which can
//! also misbehave.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use serde_json::json;

use super::lists::{Listed, entry};

/// What it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    /// Local mode is off.
    NotImplemented,
    /// Half of the page, then the end.
    ClosesHalfWay,
    ClosesAtOnce,
    Garbage,
    /// A list that is never closed.
    HalfAList,
}

pub(crate) struct Phone {
    pub(crate) list: Arc<Mutex<Vec<Listed>>>,
    pub(crate) mood: Arc<Mutex<Mood>>,
    /// The queries it was asked.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    address: std::net::SocketAddr,
}

impl Phone {
    pub(crate) fn start(list: Vec<Listed>) -> Phone {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let phone = Phone {
            list: Arc::new(Mutex::new(list)),
            mood: Arc::new(Mutex::new(Mood::Well)),
            asked: Arc::default(),
            address: listener.local_addr().unwrap(),
        };
        let (list, mood, asked) = (phone.list.clone(), phone.mood.clone(), phone.asked.clone());
        // Ends with the process: it waits for nothing and holds nothing.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (list, mood) = (list.lock().unwrap().clone(), *mood.lock().unwrap());
                // Whoever asks may go away in the middle.
                let _ = answer(stream, &list, mood, &asked);
            }
        });
        phone
    }

    pub(crate) fn url(&self) -> String {
        format!("http://sms:pass%20word@{}", self.address)
    }

    pub(crate) fn url_with_a_wrong_password(&self) -> String {
        format!("http://sms:guess@{}", self.address)
    }
}

fn answer(stream: TcpStream, list: &[Listed], mood: Mood, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut out = stream;
    while let Some(request) = lines.next() {
        let request = request?;
        let mut authorized = false;
        for header in lines.by_ref() {
            let header = header?;
            let expected = format!("basic {}", STANDARD.encode("sms:pass word"));
            let is_authorization = header.to_lowercase().starts_with("authorization: ");
            authorized |= is_authorization && header[15..].eq_ignore_ascii_case(&expected);
            if header.is_empty() {
                break;
            }
        }
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        asked.lock().unwrap().push(target.clone());
        if !authorized {
            write!(out, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")?;
            continue;
        }
        let (page, total) = page(list, &target);
        match mood {
            Mood::Well => write!(
                out,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Total-Count: {total}\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            )?,
            Mood::NotImplemented => write!(out, "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")?,
            Mood::ClosesHalfWay => {
                let half = &page[..page.len() / 2];
                write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{half}", page.len())?;
                return Ok(());
            }
            Mood::ClosesAtOnce => return Ok(()),
            Mood::Garbage => write!(out, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>")?,
            Mood::HalfAList => {
                let half = &page[..page.len() - 1];
                write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{half}", half.len())?;
            }
        }
    }
    Ok(())
}

/// The page that is asked for, and how many there are.
fn page(list: &[Listed], target: &str) -> (String, usize) {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap()
    };
    assert!(target.starts_with("/inbox?") && value("type") == "SMS", "{target}");
    let (from, to) = (Timestamp::parse(&value("from")).unwrap(), Timestamp::parse(&value("to")).unwrap());
    let (limit, offset): (usize, usize) = (value("limit").parse().unwrap(), value("offset").parse().unwrap());
    assert!((1..=500).contains(&limit), "{target}");
    let mut fitting: Vec<&Listed> = list.iter().filter(|sms| (from..=to).contains(&sms.received)).collect();
    fitting.sort_by_key(|sms| std::cmp::Reverse(sms.received));
    let entries: Vec<_> = fitting.iter().skip(offset).take(limit).map(|sms| entry(sms)).collect();
    (json!(entries).to_string(), fitting.len())
}
