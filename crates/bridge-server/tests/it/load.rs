//! Load on a bridge that dies under it: users who register and send SMS one after the other, and phones
//! that deliver an SMS again, the same, until they have an acknowledgement. Keeps book of every
//! acknowledgement, and proves at the end that the audit table says the same.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bridge_app::base::clock::Clock;
use bridge_backends::embedded;
use bridge_core::{Span, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::{AuditStore, HotStore};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::harness::{API_KEY, RECEIVER_KEY};

/// Phones at the same time.
const PHONES: usize = 16;
/// A phone that has no answer by then asks again: the bridge answers within 2 s.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries of a phone at a bridge that may be gone.
const BREATH: Duration = Duration::from_millis(100);

/// One SMS on a phone.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    mobile: String,
    text: String,
    received: Timestamp,
    /// `passed`, or the check that must fail.
    expected: &'static str,
    /// The answer's status and body, once one was a 2xx.
    acked: Option<(StatusCode, Value)>,
}

/// What phones and test share.
struct World {
    http: reqwest::Client,
    next_number: AtomicU32,
    closing: AtomicBool,
    acks: mpsc::UnboundedSender<StatusCode>,
    ledger: Mutex<Vec<Sent>>,
}

/// Phones at work.
pub(crate) struct Load {
    world: Arc<World>,
    url: Option<watch::Sender<String>>,
    acked: mpsc::UnboundedReceiver<StatusCode>,
    phones: JoinSet<()>,
}

impl Load {
    /// Phones begin with the bridge at this address.
    pub(crate) fn start(url: &str) -> Load {
        let (acks, acked) = mpsc::unbounded_channel();
        let world = Arc::new(World {
            http: reqwest::Client::builder().timeout(PATIENCE).build().unwrap(),
            next_number: AtomicU32::new(0),
            closing: AtomicBool::new(false),
            acks,
            ledger: Mutex::default(),
        });
        let (sender, url) = watch::channel(url.to_owned());
        let mut phones = JoinSet::new();
        for _ in 0..PHONES {
            phones.spawn(Phone { world: world.clone(), url: url.clone() }.play());
        }
        Load { world, url: Some(sender), acked, phones }
    }

    /// Resolves when one more SMS is acknowledged, and says how.
    pub(crate) async fn acknowledged(&mut self) -> StatusCode {
        tokio::select! {
            Some(status) = self.acked.recv() => status,
            // A phone ends only when something it expects does not happen.
            Some(ended) = self.phones.join_next() => panic!("a phone ended: {ended:?}"),
        }
    }

    /// The bridge is at another address now.
    pub(crate) fn moved_to(&self, url: &str) {
        self.url.as_ref().unwrap().send_replace(url.to_owned());
    }

    /// Users finish what they began; then everything is acknowledged.
    pub(crate) async fn finish(mut self) -> Ledger {
        self.world.closing.store(true, Ordering::Relaxed);
        self.close().await
    }

    /// The bridge does not come back: what has no acknowledgement now gets none.
    pub(crate) async fn abandon(mut self) -> Ledger {
        self.url = None;
        self.close().await
    }

    async fn close(&mut self) -> Ledger {
        while let Some(ended) = self.phones.join_next().await {
            ended.unwrap();
        }
        Ledger(std::mem::take(&mut self.world.ledger.lock().unwrap()))
    }
}

/// The bridge is gone for good.
struct Gone;

/// One user after the other.
struct Phone {
    world: Arc<World>,
    url: watch::Receiver<String>,
}

impl Phone {
    async fn play(mut self) {
        while !self.world.closing.load(Ordering::Relaxed) {
            let number = self.world.next_number.fetch_add(1, Ordering::Relaxed);
            if self.journey(&format!("+9198765{number:05}")).await.is_err() {
                return;
            }
        }
    }

    /// Four guesses, then the right SMS: the fifth, and the last that count_check lets through, so an SMS
    /// counted twice is seen. Then the right text again.
    async fn journey(&mut self, mobile: &str) -> Result<(), Gone> {
        let applicant = json!({"mobile_number": mobile, "email": "user@example.com", "device_id": "d1"});
        let (_, registered) = self.post("/onboard/register", API_KEY, &applicant).await?;
        let right = registered["sms_body"].as_str().unwrap();
        let second = Clock::system().now().epoch_seconds() - 10;
        for n in 0..6_u32 {
            let (text, expected) = match n {
                0..4 => (format!("ONBOARD:{n}{}", "0".repeat(63)), "header_hash_check"),
                4 => (right.to_owned(), "passed"),
                _ => (right.to_owned(), "duplicate_check"),
            };
            let received = Timestamp(second * 1000) + Span::seconds(n);
            let sent = Sent { mobile: mobile.to_owned(), text, received, expected, acked: None };
            self.send(sent, &format!("{mobile}-{n}")).await?;
        }
        Ok(())
    }

    async fn send(&mut self, sent: Sent, message_id: &str) -> Result<(), Gone> {
        let body = json!({
            "mobile_number": sent.mobile, "sms_message": sent.text,
            "received_timestamp": sent.received.to_string(), "message_id": message_id,
        });
        let place = {
            let mut ledger = self.world.ledger.lock().unwrap();
            ledger.push(sent);
            ledger.len() - 1
        };
        let answer = self.post("/sms/receive", RECEIVER_KEY, &body).await?;
        let status = answer.0;
        self.world.ledger.lock().unwrap()[place].acked = Some(answer);
        // Nobody counts any more once the load is being finished.
        let _ = self.world.acks.send(status);
        Ok(())
    }

    /// Again and again until a 2xx, the same each time.
    async fn post(&mut self, path: &str, key: &str, body: &Value) -> Result<(StatusCode, Value), Gone> {
        loop {
            let url = format!("{}{path}", *self.url.borrow_and_update());
            let request = self.world.http.post(url).bearer_auth(key).json(body);
            let answer = async {
                let response = request.send().await?;
                Ok::<_, reqwest::Error>((response.status(), response.text().await?))
            };
            match answer.await {
                Ok((status, text)) if status.is_success() => {
                    return Ok((status, serde_json::from_str(&text).unwrap()));
                }
                // The sender is asked to come again: it does.
                Ok((StatusCode::SERVICE_UNAVAILABLE, _)) => tokio::task::yield_now().await,
                Ok((status, text)) => panic!("{path} of {body}: {status} {text}"),
                Err(_) => self.try_again_later().await?,
            }
        }
    }

    /// When the bridge is somewhere else, or after a breath: a connection may break though it lives, because it was
    /// closed as idle while the request was on its way.
    async fn try_again_later(&mut self) -> Result<(), Gone> {
        match tokio::time::timeout(BREATH, self.url.changed()).await {
            Ok(changed) => changed.map_err(|_| Gone),
            Err(_) => Ok(()),
        }
    }
}

/// Every SMS that was sent.
#[derive(Default)]
pub(crate) struct Ledger(Vec<Sent>);

impl Ledger {
    pub(crate) fn acknowledged(&self) -> usize {
        self.0.iter().filter(|sent| sent.acked.is_some()).count()
    }

    pub(crate) fn push(&mut self, sent: Sent) {
        self.0.push(sent);
    }

    /// On the folder of a bridge that was stopped: every acknowledged SMS is in `input_sms` exactly once,
    /// with the verdict it must have and under the id that was answered; one that was not acknowledged at
    /// most once; no id twice; one passed row for a number; nothing else, and nothing waits.
    pub(crate) async fn prove(&self, folder: &Path) {
        let (hot, audit) = (embedded::open_hot(folder).unwrap(), embedded::open_audit(folder).unwrap());
        nothing_waits(hot.as_ref(), audit.as_ref()).await;
        let mobiles: HashSet<&str> = self.0.iter().map(|sent| sent.mobile.as_str()).collect();
        let mut rows: HashMap<(String, String, Timestamp), Vec<SmsRow>> = HashMap::new();
        let mut ids = HashSet::new();
        for mobile in mobiles {
            let of_number = audit.sms_of(mobile, None, 500).await.unwrap();
            let passed = of_number.iter().filter(|row| row.validation_status == "passed").count();
            assert!(passed <= 1, "{mobile} was validated {passed} times");
            for row in of_number {
                assert!(ids.insert(row.redis_id), "redis_id {} comes twice", row.redis_id);
                let key = (row.mobile_number.clone(), row.sms_message.clone(), row.received_timestamp);
                rows.entry(key).or_default().push(row);
            }
        }
        for sent in &self.0 {
            let key = (sent.mobile.clone(), sent.text.clone(), sent.received);
            sent.prove(&rows.remove(&key).unwrap_or_default());
        }
        assert!(rows.is_empty(), "rows that nobody sent: {rows:?}");
    }
}

async fn nothing_waits(hot: &dyn HotStore, audit: &dyn AuditStore) {
    let sizes = hot.queue_sizes().await.unwrap();
    assert_eq!(sizes, bridge_store::hot::QueueSizes::default(), "something was left in a queue");
    assert_eq!(audit.waiting_sms(None, 10).await.unwrap(), [], "something waits to be judged");
}

impl Sent {
    /// An acknowledged SMS outside a journey.
    pub(crate) fn acknowledged(
        mobile: &str,
        text: &str,
        received: Timestamp,
        expected: &'static str,
    ) -> Sent {
        let acked = Some((StatusCode::ACCEPTED, Value::Null));
        Sent { mobile: mobile.to_owned(), text: text.to_owned(), received, expected, acked }
    }

    fn prove(&self, rows: &[SmsRow]) {
        match &self.acked {
            Some(_) => assert_eq!(rows.len(), 1, "acknowledged {self:?} has rows {rows:?}"),
            None => assert!(rows.len() <= 1, "{self:?} has rows {rows:?}"),
        }
        for row in rows {
            let verdict = row.failed_at_check.as_deref().unwrap_or(&row.validation_status);
            assert_eq!(verdict, self.expected, "{self:?} has {row:?}");
            if let Some((_, answer)) = &self.acked
                && let Some(id) = answer["id"].as_i64()
            {
                assert_eq!(row.redis_id, id, "{self:?} was answered another id than {row:?}");
            }
        }
    }
}
